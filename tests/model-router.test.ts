import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ModelLevel } from '../src/config/values.ts';
import { createLogger } from '../src/log.ts';
import { type FailureReason, type LanguageModel, ModelFailure } from '../src/models/language-model.ts';
import { createOpenAiCompatibleModel } from '../src/models/openai-compatible.ts';
import { createModelRouter, scoreComplexity } from '../src/models/router.ts';
import { startOpenAiServer } from './support/openai-server.ts';

const log = createLogger('silent');
const request = { system: 'You are Mei.', messages: [{ role: 'user', content: 'hello there' }] } as const;

/** A model that does in turn what it is told, then answers "<name> answers". */
function scripted(
  name: string,
  ...turns: (FailureReason | { after: string; reason: FailureReason } | number)[]
) {
  const model = {
    name,
    calls: 0,
    turns,
    async answer(_request: unknown, { onDelta }: { onDelta?: ((text: string) => void) | undefined }) {
      model.calls += 1;
      const turn = turns.shift();
      if (typeof turn === 'number') throw new ModelFailure('REFUSED', 'refused', turn);
      if (typeof turn === 'string') throw new ModelFailure(turn, turn);
      if (turn) onDelta?.(turn.after);
      if (turn) throw new ModelFailure(turn.reason, turn.reason);
      onDelta?.(`${name} answers`);
      return { text: `${name} answers`, tokensIn: 1, tokensOut: 2, finishReason: 'stop' as const };
    },
  };
  return model satisfies LanguageModel;
}

type Levels = Partial<Record<ModelLevel, LanguageModel>>;
const never = () => new AbortController().signal;

async function route(models: Levels, level: ModelLevel) {
  const shown: string[] = [];
  const onDelta = (text: string) => void shown.push(text);
  const onRestart = () => void shown.push('<restart>');
  const routed = await createModelRouter({ models, log }).answer(level, request, {
    signal: never(),
    onDelta,
    onRestart,
  });
  return { ...routed, shown };
}

describe('the router', () => {
  it('asks the model of the level', async () => {
    const routed = await route({ quick: scripted('a'), standard: scripted('b') }, 'standard');
    expect(routed).toMatchObject({
      modelUsed: 'b',
      level: 'standard',
      escalationPath: ['standard:b'],
      failures: [],
    });
    expect(routed.answer?.text).toBe('b answers');
  });

  it('takes the next level up, then down, where the level has no model', async () => {
    const [quick, expert] = [scripted('a'), scripted('c')];
    expect((await route({ quick, expert }, 'standard')).escalationPath).toEqual(['expert:c']);
    expect((await route({ quick }, 'standard')).escalationPath).toEqual(['quick:a']);
    expect(await route({}, 'standard')).toMatchObject({
      answer: null,
      modelUsed: null,
      level: 'standard',
      failures: [],
    });
  });

  it('escalates upwards, then downwards, and keeps the path and the failures', async () => {
    const failing = { quick: scripted('a'), standard: scripted('b', 'TIMEOUT'), expert: scripted('c', 401) };
    const routed = await route(failing, 'standard');
    expect(routed.escalationPath).toEqual(['standard:b:TIMEOUT', 'expert:c:REFUSED', 'quick:a']);
    expect(routed).toMatchObject({ modelUsed: 'a', level: 'quick' });
    expect(routed.failures).toEqual([
      { level: 'standard', model: 'b', reason: 'TIMEOUT', message: 'TIMEOUT', status: null },
      { level: 'expert', model: 'c', reason: 'REFUSED', message: 'refused', status: 401 },
    ]);
  });

  it('comes down by the strongest first', async () => {
    const models = { quick: scripted('a'), standard: scripted('b'), expert: scripted('c', 'EMPTY') };
    expect((await route(models, 'expert')).escalationPath).toEqual(['expert:c:EMPTY', 'standard:b']);
  });

  it('asks a model that serves two levels once, and answers null when none is left', async () => {
    const shared = scripted('a', 'EMPTY', 'EMPTY');
    const routed = await route(
      { quick: shared, standard: shared, expert: scripted('c', 'STALLED') },
      'quick',
    );
    expect(shared.calls).toBe(1);
    expect(routed).toMatchObject({ answer: null, modelUsed: null, level: 'quick' });
    expect(routed.escalationPath).toEqual(['quick:a:EMPTY', 'expert:c:STALLED']);
  });

  it('tells the caller to start over after a partial text, once', async () => {
    const quick = scripted('a', { after: 'Once up', reason: 'BROKEN_STREAM' });
    const routed = await route(
      { quick, standard: scripted('b', 'OVERLOADED'), expert: scripted('c') },
      'quick',
    );
    expect(routed.shown).toEqual(['Once up', '<restart>', 'c answers']);
    expect((await route({ quick: scripted('a', 'STALLED'), expert: scripted('c') }, 'quick')).shown).toEqual([
      'c answers',
    ]);
  });

  it('does not escalate when the caller left, and passes on what is not a model failure', async () => {
    const expert = scripted('c');
    const routed = await route({ quick: scripted('a', 'ABORTED'), expert }, 'quick');
    expect(routed).toMatchObject({ answer: null, escalationPath: ['quick:a:ABORTED'] });
    expect(expert.calls).toBe(0);

    const options = { signal: never(), onDelta: () => expect.fail('shown') };
    const router = createModelRouter({ models: { quick: scripted('a'), expert }, log });
    await expect(router.answer('quick', request, options)).rejects.toThrow('shown');
  });

  it('goes through real models: a broken stream, then one that answers', async () => {
    const server = await startOpenAiServer();
    server.respondWith(({ body }) =>
      body.model === 'small'
        ? { kind: 'cut', after: ['Onc'] }
        : { kind: 'answer', deltas: ['Better', ' so'] },
    );
    const modelOf = (model: string) =>
      createOpenAiCompatibleModel({
        baseUrl: server.url,
        apiKey: () => null,
        fetch,
        model,
        timeoutMs: 60_000,
        stallMs: 60_000,
        maxCharacters: 200_000,
        firstTokenMs: 60_000,
        maxTokens: 500,
        window: null,
      });
    const routed = await route({ quick: modelOf('small'), expert: modelOf('large') }, 'quick');
    expect(routed.escalationPath).toEqual(['quick:small:BROKEN_STREAM', 'expert:large']);
    expect(routed.shown).toEqual(['Onc', '<restart>', 'Better', ' so']);
    await server.close();
  });
});

describe('the circuit breaker', () => {
  const setUp = (turns: (FailureReason | number)[], halfOpenAfterMs = 60_000) => {
    const quick = scripted('a', ...turns);
    const router = createModelRouter({ models: { quick }, log, breaker: { failures: 3, halfOpenAfterMs } });
    const reasonOf = async () =>
      (await router.answer('quick', request, { signal: never() })).failures[0]?.reason ?? null;
    return { quick, router, reasonOf };
  };

  it('opens after failures in a row, and then does not ask', async () => {
    const { quick, router, reasonOf } = setUp(['TIMEOUT', 'OVERLOADED', 'EMPTY']);
    for (let i = 0; i < 3; i += 1) await reasonOf();
    expect(await reasonOf()).toBe('CIRCUIT_OPEN');
    expect(quick.calls).toBe(3);
    expect(router.models()).toEqual([{ level: 'quick', name: 'a', state: 'open', awaitsTry: false }]);
  });

  it('by default opens after five', async () => {
    const quick = scripted('a', ...Array.from({ length: 5 }, () => 'TIMEOUT' as const));
    const router = createModelRouter({ models: { quick, standard: quick }, log });
    for (let i = 0; i < 6; i += 1) await router.answer('quick', request, { signal: never() });
    expect(quick.calls).toBe(5);
    expect(router.models().map(({ state }) => state)).toEqual(['open', 'open']);
  });

  it('is not moved by callers who leave or send something unacceptable, but by a wrong key', async () => {
    const { router, reasonOf } = setUp(['ABORTED', 400, 'ABORTED', 413, 'ABORTED', 422, 401, 404, 403]);
    for (let i = 0; i < 6; i += 1) await reasonOf();
    expect(router.models()[0]?.state).toBe('closed');
    for (let i = 0; i < 3; i += 1) await reasonOf();
    expect(router.models()[0]?.state).toBe('open');
  });

  it('lets one request try again after the pause; the others are told at once', async () => {
    const { quick, router, reasonOf } = setUp(['TIMEOUT', 'TIMEOUT', 'TIMEOUT'], 30);
    for (let i = 0; i < 3; i += 1) await reasonOf();
    await wait(40);
    const reasons = await Promise.all([reasonOf(), reasonOf(), reasonOf()]);
    expect(reasons).toEqual([null, 'CIRCUIT_OPEN', 'CIRCUIT_OPEN']);
    expect(quick.calls).toBe(4);
    expect(router.models()[0]?.state).toBe('closed');
  });

  it('stays open when the request that tries again is abandoned', async () => {
    const { router, reasonOf } = setUp(['TIMEOUT', 'TIMEOUT', 'TIMEOUT', 'ABORTED'], 30);
    for (let i = 0; i < 3; i += 1) await reasonOf();
    await wait(40);
    expect(await reasonOf()).toBe('ABORTED');
    expect(router.models()[0]?.state).toBe('open');
  });
});

describe('the choice of a level', () => {
  const { levelFor } = createModelRouter({ models: {}, log });
  it.each([
    ['hello', 'conversation', 'quick'],
    ['Please select a good film and return it on Monday', 'conversation', 'quick'],
    ['Why is the sky blue?', 'conversation', 'quick'],
    ['How do I restart the server?', 'technical', 'quick'],
    ['Why does the server restart?', 'technical', 'standard'],
    ['Compare the design of both', 'conversation', 'standard'],
    ['a '.repeat(300), 'conversation', 'standard'],
    ['Why does this fail?\n```\nconst a = b\n```', 'technical', 'expert'],
    [`Compare these. Why? Where? When? ${'x '.repeat(200)}`, 'conversation', 'expert'],
  ])('%s (%s) is %s', (query, intent, level) => {
    expect(levelFor(query, intent)).toBe(level);
  });

  it('is a number from 0 to 1, quickly found for any text', () => {
    expect(scoreComplexity('', 'conversation')).toBe(0);
    const everything = `Why? Compare? Design? ${'```x^2;'.repeat(200)}`;
    expect(scoreComplexity(everything, 'technical')).toBe(1);
    const startedAt = performance.now();
    for (const piece of [';', '; ', 'a', ' ', 'select ', '?', '(', '^'])
      scoreComplexity(piece.repeat(200_000), 'x');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
