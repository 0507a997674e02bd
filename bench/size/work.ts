/** Operations with their variables; asked one after the other, again and again. */
export type Work = readonly ((number: number) => { query: string; variables: Record<string, unknown> })[];

const THINGS = ['lighthouse', 'bicycle', 'kettle', 'harbour', 'orchard', 'violin', 'ladder', 'telescope'];
const thing = (number: number) => THINGS[number % THINGS.length] ?? '';

/** What a conversation asks of a server. */
export const WORK: Work = [
  (number) => ({
    query: `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
      ... on ProcessQuerySuccess { interaction { response } } ... on Error { message } } }`,
    variables: {
      input: { query: 'Tell me about Kai Nakamura', conversationId: `asked ${Math.floor(number / 100)}` },
    },
  }),
  (number) => ({
    query: `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
      ... on RecordTurnsSuccess { durability } ... on Error { message } } }`,
    variables: {
      input: {
        conversationId: `told ${Math.floor(number / 100)}`,
        turns: [
          {
            query: `What about the ${thing(number)} of house ${number}?`,
            response: `It is ${number} years old.`,
          },
        ],
      },
    },
  }),
  (number) => ({
    query: `query ($query: String!) { memorySearch(query: $query, limit: 10) { hits { score interaction { query } } } }`,
    variables: { query: `the ${thing(number)} of a house` },
  }),
  () => ({
    query:
      '{ conversations(first: 20) { nodes { conversationId interactions(last: 3) { nodes { query response } } } } }',
    variables: {},
  }),
];

/** @throws where the answer is none */
export async function ask(url: string, work: Work, number: number): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(work[number % work.length]?.(number)),
  });
  const { data, errors } = (await response.json()) as {
    data?: Record<string, unknown> | null;
    errors?: unknown;
  };
  const [answer] = Object.values(data ?? {});
  if (errors || !answer || Object.hasOwn(answer, 'message'))
    throw new Error(`a query failed: ${JSON.stringify(errors ?? answer)}`);
}
