import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { scopeOf } from '../../ground/ownership.ts';
import { endable, follow, RESUME_AFTER } from '../../ground/subscriptions.ts';
import { FactChangeKindEnum, FactChangeRef, FactRef, loadFact } from './graphql.ts';
import { changesById } from './history.ts';
import type { FactChangeKind, FactChangeRow, FactRow } from './tables.ts';
import { factOnceAvailable } from './views.ts';

interface ChangedFact {
  readonly cursor: string;
  readonly at: Date;
  readonly kind: FactChangeKind;
  readonly change: FactChangeRow;
  readonly fact: FactRow;
}

const FactChanged = builder.objectRef<ChangedFact>('FactChanged').implement({
  description: 'A fact was learned, entered, or changed.',
  fields: (t) => ({
    cursor: t.exposeID('cursor', { description: 'Resume after this event with the argument `after`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    kind: t.expose('kind', { type: FactChangeKindEnum, description: 'What happened.' }),
    change: t.expose('change', {
      type: FactChangeRef,
      description: 'The change, by which it can be undone.',
    }),
    fact: t.expose('fact', { type: FactRef, description: 'The fact as it is now.' }),
  }),
});

builder.subscriptionField('factChanged', (t) =>
  t.field({
    type: FactChanged,
    description:
      'Changes of facts as they are stored, on any server; for those who may act for others, of all users of the tenant.',
    args: { after: t.arg.id({ description: RESUME_AFTER }) },
    subscribe: (_root, args, context) => endable((signal) => changedFacts(context, args, signal)),
    resolve: (changed) => changed,
  }),
);

async function* changedFacts(
  context: Context,
  args: { readonly after?: string | null | undefined },
  signal: AbortSignal,
): AsyncGenerator<ChangedFact> {
  const { services, principal, onOverflow, pace } = context;
  const watch = { signal, pace, onOverflow };
  for await (const { payload, cursor, at } of follow(
    services.events,
    principal,
    'fact_changed',
    args,
    watch,
  )) {
    const { changeId } = payload as { changeId: string };
    const change = await factOnceAvailable(services, () => loadChange(context, changeId), signal);
    const fact = change && (await factOnceAvailable(services, () => loadFact(context, change.fact), signal));
    // What was erased since has nothing left to show.
    if (fact) yield { cursor, at, kind: change.kind, change, fact };
  }
}

function loadChange({ loader, services, principal }: Context, changeId: string) {
  return loader({
    name: 'change of a fact by id',
    load: (ids: readonly string[]) => changesById(services.db, scopeOf(principal), ids),
    key: changeId,
  });
}
