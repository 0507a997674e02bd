import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** What each line of the log has of its own: a second one of the same name takes its place for whoever reads the line as JSON. */
const OWN = /(?:^|,)\s*(?:level|time|msg|service)\s*(?=[:,]|$)/;
const CALL = /\b(?:log|logger)\.(?:trace|debug|info|warn|error|fatal)\(\s*\{([^{}]*)\}/g;

/** The fields of calls of the logger that would hide one that every line has. */
const hiding = (source: string) =>
  [...source.matchAll(CALL)].flatMap(([, fields = '']) => (OWN.test(fields) ? [fields.trim()] : []));

test('no line of the log loses its level, time or message to a field of the same name', () => {
  expect(hiding("log.warn({ level, model: 'x' }, 'failed')")).toEqual(["level, model: 'x'"]);
  expect(hiding("log.info(\n  { model, time: 3 },\n  'x')")).toEqual(['model, time: 3']);
  expect(hiding("log.info({ modelLevel: level, timeMs, service_name: 1 }, 'x')")).toEqual([]);
  const files = globSync('src/**/*.ts');
  expect(files.length).toBeGreaterThan(500);
  expect(
    files.flatMap((file) => hiding(readFileSync(file, 'utf8')).map((fields) => `${file}: ${fields}`)),
  ).toEqual([]);
});
