import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, expect, inject, test } from 'vitest';
import { createDatabase } from '../src/db/client.ts';
import { identifyDatabase } from '../src/db/identity.ts';
import { createLogger } from '../src/log.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function onServer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseUrl').replace('NAME', 'postgres') });
  await client.connect();
  await client.query(text);
  await client.end();
}

/** A database made of another one, and who it says it is. */
async function copyOf(template: string) {
  const name = `i_${randomUUID().replaceAll('-', '')}`;
  await onServer(`create database ${name} template ${template}`);
  closing.push(() => onServer(`drop database ${name} with (force)`));
  const connectionString = inject('databaseUrl').replace('NAME', name);
  const identify = async () => {
    const db = createDatabase({
      connection: { connectionString },
      log: createLogger('silent'),
      slowQueryMs: 60_000,
      echo: false,
    });
    try {
      return await identifyDatabase(db);
    } finally {
      await db.close();
    }
  };
  return { name, identify };
}

test('a database keeps its id, however often and from wherever it is opened', async () => {
  const { identify } = await copyOf('echo_template');
  const first = await identify();
  const others = await Promise.all([identify(), identify(), identify()]);
  expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(1);
  expect(others.every(({ isCopy }) => !isCopy)).toBe(true);
});

test('databases that were made of one that no server has opened yet are different', async () => {
  const [one, other] = [await copyOf('echo_template'), await copyOf('echo_template')];
  const found = [await one.identify(), await other.identify()];
  expect(found[0]?.id).not.toBe(found[1]?.id);
  expect(found.map(({ isCopy }) => isCopy)).toEqual([false, false]);
});

test('a copy takes an id of its own once, whoever opens it, and the original keeps its', async () => {
  const original = await copyOf('echo_template');
  const { id } = await original.identify();
  const copy = await copyOf(original.name);
  const found = await Promise.all([copy.identify(), copy.identify()]);
  expect(found[0]?.id).not.toBe(id);
  expect(found[1]?.id).toBe(found[0]?.id);
  expect(found.filter(({ isCopy }) => isCopy)).toHaveLength(1);
  expect(await copy.identify()).toMatchObject({ id: found[0]?.id, isCopy: false });
  expect(await original.identify()).toMatchObject({ id, isCopy: false });
});
