import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { cardsOf, greetingsOf } from './cards.ts';
import { CharacterRef } from './graphql.ts';
import { KEY_LOGICS, type KeyLogic, type LoreEntry, loreOf } from './lore.ts';
import { problemOfKeys } from './lore-pattern.ts';

const LOGICS: Record<KeyLogic, string> = {
  AND_ANY: 'One of them must be said, too.',
  AND_ALL: 'All of them must be said, too.',
  NOT_ANY: 'None of them may be said.',
  NOT_ALL: 'One of them must be unsaid.',
};

const KeyLogicEnum = builder.enumType('LoreKeyLogic', {
  description: 'How the secondary keys of an entry decide together with its keys.',
  values: Object.fromEntries(KEY_LOGICS.map((logic) => [logic, { description: LOGICS[logic] }])) as {
    [K in KeyLogic]: { description: string };
  },
});

const LoreEntryRef = builder.objectRef<LoreEntry>('LoreEntry').implement({
  // Its fields cost nothing: the entry has been read by then.
  description: 'Something of a character’s lore, which a model is told where one of its keys is said.',
  fields: (t) => ({
    name: t.exposeString('name', { complexity: 0, description: 'Its name, else its first key.' }),
    keys: t.stringList({
      complexity: 0,
      description: 'Words, or patterns, that trigger it.',
      resolve: (e) => [...e.keys],
    }),
    secondaryKeys: t.stringList({
      complexity: 0,
      description: 'What else decides; empty: nothing else.',
      resolve: (e) => [...e.secondaryKeys],
    }),
    logic: t.expose('logic', {
      complexity: 0,
      type: KeyLogicEnum,
      description: 'How the secondary keys decide.',
    }),
    content: t.exposeString('content', {
      complexity: 0,
      description: 'What is told, without its decorators.',
    }),
    enabled: t.exposeBoolean('enabled', { complexity: 0, description: 'Whether it can be told.' }),
    constant: t.exposeBoolean('constant', { complexity: 0, description: 'Whether it is always told.' }),
    useRegex: t.exposeBoolean('useRegex', {
      complexity: 0,
      description: 'Whether all keys are regular expressions; one that is written `/so/` is one anyway.',
    }),
    priority: t.exposeFloat('priority', {
      complexity: 0,
      description: 'Entries of lower priority go first where the budget does not hold all.',
    }),
    insertionOrder: t.exposeFloat('insertionOrder', {
      complexity: 0,
      description: 'Lower ones are told earlier.',
    }),
    probability: t.exposeFloat('probability', {
      complexity: 0,
      description:
        'How often it is told where it is triggered, 0 to 1; chance is the turn’s own, so that a retry has the same.',
    }),
    problem: t.string({
      complexity: 0,
      nullable: true,
      description: 'Why one of its patterns is never found (RE2 syntax, bounded in size); null: all can be.',
      resolve: problemOfKeys,
    }),
  }),
});

builder.objectFields(CharacterRef, (t) => ({
  lore: t.field({
    type: [LoreEntryRef],
    description: 'The entries of the lorebook that came with the card, in the order of the book.',
    resolve: async ({ id }, _args, context) => [...(loreOf(await loadCard(context, id))?.entries ?? [])],
  }),
  greetings: t.stringList({
    description:
      'How the character begins: the first message of the card, then the alternate ones, as they are written.',
    resolve: async ({ id }, _args, context) => greetingsOf(await loadCard(context, id)),
  }),
}));

/** The card of a character; empty where there is none. */
async function loadCard(
  { loader, services, principal }: Context,
  id: number,
): Promise<Record<string, unknown>> {
  const load = async (ids: readonly number[]) => {
    const cards = await cardsOf(services, principal, ids);
    return ids.map((each) => cards.get(each) ?? null);
  };
  const stored = await loader({ name: 'card of character', load, key: id });
  return stored ? JSON.parse(stored.card) : {};
}
