import { CHARACTERS, CONVERSATIONS } from './database.ts';

/** What a candidate is asked, and how what is compared is found in its answer. */
interface Asked {
  readonly path: string;
  /** One body for each of the names that are asked for. */
  readonly body: (name: string) => unknown;
  readonly rows: (answer: Answer) => unknown;
}

/** A read that several candidates can do. */
export interface ReadWork {
  readonly letter: string;
  readonly title: string;
  readonly names: readonly string[];
  readonly asked: Readonly<Partial<Record<CandidateName, Asked>>>;
}

/** `before` is another version of the server, which is asked as it is. */
export type CandidateName = 'echo-brain' | 'before' | 'hand-written' | 'postgraphile' | 'mercurius';

// biome-ignore lint/suspicious/noExplicitAny: answers have as many forms as there are candidates
type Answer = any;

const FIELDS = 'turnId sequence query response modelUsed status timestamp';
const PROFILE =
  'characterName aliases creator sourceFranchise age gender occupation personalityTraits backgroundStory createdAt';
const OWNER = 'tenantId: "default", userId: "default"';
/** Spread over all, so that no candidate lives on one row that is in every cache. */
const spread = (count: number, name: (number: number) => string) =>
  Array.from({ length: 100 }, (_, index) => name(1 + ((index * 7_919) % count)));
const letters = (number: number) =>
  String(number).replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');

const graphql = (query: string, variables: object = {}) => ({ query, variables });

export const READS: readonly ReadWork[] = [
  {
    letter: 'a',
    title: 'the 20 latest turns of a conversation (of 200,000 turns)',
    names: spread(CONVERSATIONS, (number) => `conversation ${number}`),
    asked: {
      'echo-brain': {
        path: '/graphql',
        body: (id) =>
          graphql(
            `query Latest($id: String!) { interactions(first: 20, filter: { conversationId: $id }) { nodes { ${FIELDS} } } }`,
            { id },
          ),
        rows: ({ data }) => data.interactions.nodes,
      },
      'hand-written': {
        path: '/latest',
        body: (conversationId) => ({ conversationId }),
        rows: (rows) => rows,
      },
      postgraphile: {
        path: '/graphql',
        body: (id) =>
          graphql(
            `query Latest($id: String!) { allEchoUnifiedInteractions(first: 20, orderBy: [TIMESTAMP_DESC, ROW_ID_DESC], condition: { ${OWNER}, conversationId: $id }) { nodes { ${FIELDS} } } }`,
            { id },
          ),
        rows: ({ data }) => data.allEchoUnifiedInteractions.nodes,
      },
      mercurius: {
        path: '/graphql',
        body: (id) =>
          graphql(`query Latest($id: String!) { latest(conversationId: $id) { ${FIELDS} } }`, { id }),
        rows: ({ data }) => data.latest,
      },
    },
  },
  {
    letter: 'b',
    title: 'the 20 latest conversations, each with its last 3 turns',
    names: ['all'],
    asked: {
      'echo-brain': {
        path: '/graphql',
        body: () =>
          graphql(
            `query Threads { conversations(first: 20) { nodes { conversationId title createdAt interactions(last: 3) { nodes { ${FIELDS} } } } } }`,
          ),
        rows: ({ data }) => data.conversations.nodes.map(unwrapped),
      },
      'hand-written': { path: '/conversations', body: () => ({}), rows: (rows) => rows },
      postgraphile: {
        path: '/graphql',
        body: () =>
          graphql(
            `query Threads { allEchoConversations(first: 20, orderBy: [LAST_INTERACTION_DESC, ROW_ID_DESC], condition: { ${OWNER} }) { nodes { conversationId title createdAt interactions(last: 3, orderBy: [SEQUENCE_ASC]) { nodes { ${FIELDS} } } } } }`,
          ),
        rows: ({ data }) => data.allEchoConversations.nodes.map(unwrapped),
      },
      mercurius: {
        path: '/graphql',
        body: () =>
          graphql(
            `query Threads { conversations { conversationId title createdAt interactions { ${FIELDS} } } }`,
          ),
        rows: ({ data }) => data.conversations,
      },
    },
  },
  {
    letter: 'c',
    title: 'one character by name',
    names: spread(CHARACTERS, (number) => `Quorvin Tessali${letters(number)}`),
    asked: {
      'echo-brain': {
        path: '/graphql',
        body: (name) =>
          graphql(`query Profile($name: String!) { character(name: $name) { ${PROFILE} } }`, { name }),
        rows: ({ data }) => data.character,
      },
      'hand-written': { path: '/character', body: (name) => ({ name }), rows: (row) => row },
      postgraphile: {
        path: '/graphql',
        body: (name) =>
          graphql(
            `query Profile($name: String!) { allCharacterProfiles(first: 1, condition: { tenantId: "default", characterName: $name }) { nodes { ${PROFILE} } } }`,
            { name },
          ),
        rows: ({ data }) => data.allCharacterProfiles.nodes[0],
      },
    },
  },
];

/** Null where a candidate cannot do it. */
export function askedOf(work: ReadWork, candidate: CandidateName): Asked | null {
  return work.asked[candidate === 'before' ? 'echo-brain' : candidate] ?? null;
}

function unwrapped(conversation: { interactions: { nodes: unknown } }): unknown {
  return { ...conversation, interactions: conversation.interactions.nodes };
}

/** @throws Error where a candidate answers otherwise than the first: other rows, other fields, another order */
export async function checkEqual(work: ReadWork, urls: ReadonlyMap<CandidateName, string>): Promise<void> {
  for (const name of work.names.slice(0, 5)) {
    let first: { candidate: string; text: string } | null = null;
    for (const [candidate, url] of urls) {
      const asked = askedOf(work, candidate);
      if (!asked) continue;
      const response = await fetch(url + asked.path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(asked.body(name)),
      });
      const answer = (await response.json()) as { errors?: unknown };
      if (answer.errors)
        throw new Error(`(${work.letter}) ${candidate}: ${JSON.stringify(answer.errors).slice(0, 500)}`);
      const text = JSON.stringify(asked.rows(answer), inOneForm);
      first ??= { candidate, text };
      if (text !== first.text || text.length < 100)
        throw new Error(
          `(${work.letter}) ${first.candidate} and ${candidate} answer differently:\n${first.text.slice(0, 600)}\n${text.slice(0, 600)}`,
        );
    }
  }
}

/** Instants in one form: the same one may be written with a Z, an offset, and three digits or none. */
function inOneForm(_key: string, value: unknown): unknown {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value).toISOString() : value;
}
