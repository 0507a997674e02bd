/** What every version was told: conversation, user (none: the local one) and turns. */
export const SAID: readonly (readonly [string, string | undefined, readonly object[]])[] = [
  [
    'kitchen',
    undefined,
    [
      {
        ...{ query: 'My oven is green', response: 'Noted.', modelUsed: 'small:1', processingTimeMs: 12.5 },
        ...{ timestamp: '2025-03-01T10:00:01.234Z', intent: 'recall', sessionId: 's1' },
        metadata: { source: 'web', deep: { list: [1, 'two', null] } },
      },
      { query: 'A \\N in a text,\ta tab,\na line and \u{1f980}', response: 'É — “so”.', speaker: 'Ada' },
      { query: 'I sleep in a lighthouse near Gdańsk', response: 'How is the view?' },
    ],
  ],
  ['garden', 'ada', [{ query: 'The oak is 80 years old', response: 'Noted.' }, { query: 'And the pond?' }]],
];

/** What only the journal of each has. */
export const WAITING: readonly object[] = [
  { query: 'The database was away when I said: the kettle is copper', response: 'Noted.' },
  { query: 'Then this is said, too', response: 'Noted.', metadata: { after: 'the outage' } },
];

const OF = (field: string, type: string, input: unknown) => ({
  field,
  document: `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Error { message } } }`,
  variables: { input },
});

/** Other things, where a version has them. */
export const STEPS: readonly {
  readonly field: string;
  readonly document: string;
  readonly variables: Record<string, unknown>;
}[] = [
  OF('upsertCharacter', 'CharacterInput', {
    ...{ characterName: 'Mei Aoyama', aliases: ['Mei'], age: 19, hairColor: 'copper', creator: 'us' },
    ...{ sourceFranchise: 'Harbour', relationships: 'Sister of Ren' },
  }),
  {
    field: 'rateInteraction',
    document: `mutation ($turnId: ID!) { rateInteraction(input: { turnId: $turnId, rating: 0.5, comment: "well said" }) {
      __typename ... on Error { message } } }`,
    variables: {},
  },
  OF('processQuery', 'ProcessQueryInput', { query: 'Where do I sleep?', conversationId: 'asked' }),
  OF('storeCredential', 'StoreCredentialInput', { name: 'OTHER_KEY', value: 'a secret' }),
  OF('createApiKey', 'CreateApiKeyInput', { name: 'door', userId: 'ada' }),
  OF('updateSettings', 'UpdateSettingsInput', { timeZone: 'Europe/Berlin' }),
  OF('createGoal', 'GoalInput', { description: 'See the sea', status: 'ACTIVE' }),
  OF('addFact', 'FactInput', { predicate: 'lives_in', object: 'Gdańsk' }),
  OF('createWebhook', 'WebhookInput', { url: 'http://127.0.0.1:9/hook', events: ['INTERACTION_ADDED'] }),
];
