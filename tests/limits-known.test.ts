import { isInterfaceType, isObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SIZE_ARGUMENTS } from '../src/graphql/limits-known.ts';
import { wholeSchema } from '../src/lists/schema.ts';
import { startTestApp, type TestApp } from './support/harness.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

test('the complexity of fields depends on the arguments of sizes alone', () => {
  const read = new Set<string>();
  const args = new Proxy({}, { get: (_, name) => void read.add(String(name)) });
  const context = new Proxy(
    {},
    {
      get: (_, name) => {
        throw new Error(`depends on the context: ${String(name)}`);
      },
    },
  );
  let functions = 0;
  for (const type of Object.values(wholeSchema().getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const complexity = field.extensions.complexity as unknown;
      if (typeof complexity !== 'function') continue;
      functions++;
      complexity(args, context, field);
    }
  }
  expect(functions).toBeGreaterThan(10);
  expect(read).toEqual(SIZE_ARGUMENTS);
});

test('what was within the limits with one size is measured anew with another', async () => {
  const document = `query ($n: Int = 99) { conversations(first: $n) { nodes { ...F } } }
    fragment F on Conversation { interactions(last: $n) { nodes { query } } }`;
  const ask = async (variables: Record<string, unknown>) => {
    const { data, errors } = await app.graphql(document, variables);
    return errors ? errors.map(({ extensions }) => extensions.code).join() : Object.keys(data).join();
  };
  const FINE = 'conversations';
  const REFUSED = 'QUERY_TOO_COMPLEX';
  for (let round = 0; round < 3; round++) {
    for (const n of [5, 6]) expect(await ask({ n })).toBe(FINE);
    for (const n of [90, 100]) expect(await ask({ n })).toBe(REFUSED);
    // Nothing has a default of its own, which null has not.
    expect(await ask({ n: null })).toBe(FINE);
    expect(await ask({})).toBe(REFUSED);
    expect(await ask({ n: 'many' })).toContain('BAD_USER_INPUT');
  }
  // More sizes than are remembered.
  for (let n = 1; n <= 40; n++) expect(await ask({ n })).toBe(FINE);
  expect(await ask({ n: 100 })).toBe(REFUSED);
});
