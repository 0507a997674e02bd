import { type Mutation, one } from './mutation.ts';

/** What goes to Notion and comes from there. */
export const MIRROR: readonly Mutation[] = [
  one(
    'pages-are-made-again-without-asking',
    'domains/notion/channel.ts',
    ['const isMissing = !page.uncertain && (', 'const isMissing = page.missedAt !== undefined || ('],
    ['notion'],
    'each page comes, once',
  ),
  {
    name: 'pages-that-people-deleted-come-back',
    changes: [
      {
        file: 'src/domains/notion/channel.ts',
        text: 'if (page.goneAt && !setting.recreate)',
        replacement: 'if (page.goneAt && setting.recreate === null)',
      },
      {
        file: 'src/domains/notion/channel.ts',
        text: '    return recreate\n      ? failed(',
        replacement: '    return recreate !== null\n      ? failed(',
      },
    ],
    tests: ['tests/notion.test.ts'],
    named: 'stays deleted',
  },
  one(
    'pages-that-are-there-are-doubled',
    'domains/notion/mirror.ts',
    ['pages.get(externalId)?.[0] ?? null', 'pages.get(source.kind)?.[0] ?? null'],
    ['notion'],
    'found by their ids and taken over',
  ),
  one(
    'pages-of-erased-users-keep-their-words',
    'domains/notion/removals.ts',
    ['await change({ properties: propertyValues(properties, {}) });', 'await change({ properties: {} });'],
    ['notion'],
    'are emptied and leave Notion',
  ),
  one(
    'pages-that-were-being-made-outlive-an-erasure',
    'domains/notion/removals.ts',
    ['[...known, ...(found.get(externalId) ?? [])]', '[...known]'],
    ['notion'],
    'are emptied and leave Notion',
  ),
  one(
    'names-of-tasks-go-to-notion',
    'domains/notion/task-kind.ts',
    ["coalesce(t.task_type, 'task') || ' · ' || left(t.task_id, 8) end", 't.name end'],
    ['notion'],
    'nothing that its user wrote',
  ),
  {
    name: 'pauses-of-notion-are-not-kept',
    changes: [
      {
        file: 'src/domains/notion/pace.ts',
        text: 'and (p.paused_until is null or p.paused_until <= clock_timestamp())',
        replacement: '',
      },
      {
        file: 'src/domains/notion/pace.ts',
        text: 'if (pausedMs > 0) throw',
        replacement: 'if (pausedMs > 1e12) throw',
      },
    ],
    tests: ['tests/notion.test.ts'],
    named: 'is kept by all',
  },
  one(
    'servers-have-a-pace-each',
    'domains/notion/pace.ts',
    [
      "case when p.next_at < clock_timestamp() + interval '30 seconds' then p.next_at end",
      "case when p.next_at < clock_timestamp() - interval '30 seconds' then p.next_at end",
    ],
    ['notion'],
    'keep one pace',
  ),
  one(
    'one-kind-that-is-broken-stops-all',
    'domains/deliveries/outbox.ts',
    [
      'set held = $4, failures = 0, blocked_until = null\n           where channel = $1 and target = $2 and',
      'set held = $4, failures = 0, blocked_until = null\n           where channel = $1 and $2::text is not null and',
    ],
    ['notion'],
    'stops its kind and no other',
  ),
  one(
    'pages-become-tasks-of-suspended-tenants',
    'domains/notion/requests.ts',
    ['.includes(ready.tenant))', '.includes(ready.owner))'],
    ['notion-requests'],
    'of a suspended tenant',
  ),
  one(
    'refusals-are-told-again-and-again',
    'domains/notion/requests.ts',
    ['if (rowCount === 0) return;', 'if (rowCount === null) return;'],
    ['notion-requests'],
    'once, until it says something else',
  ),
];
