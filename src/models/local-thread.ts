/**
 * The thread that holds a sentence model, so that embedding never stops the server. ONNX Runtime runs in WebAssembly: what
 * goes wrong in it ends this thread at most. It answers one request at a time; see `local-embedder.ts` for the other end.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer } from '@huggingface/tokenizers';
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Answer, Request, ThreadOptions } from './local-embedder.ts';

const { folder, maxTokens } = workerData as ThreadOptions;

/** Of a text with so many characters for each token that is looked at, the rest cannot matter. */
const CHARACTERS_PER_TOKEN = 16;
/** What sentence models are given: each of these or fewer. */
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'];

/** What is read of a tokenizer.json beside its tokenizer. */
interface TokenizerFile {
  readonly model: { readonly vocab: unknown[] | Readonly<Record<string, number>> };
  readonly added_tokens?: readonly { readonly id: number }[];
}

interface Model {
  /** The last token that the tokenizer knows. */
  readonly highest: number;
  readonly session: InferenceSession;
  readonly tokenizer: Tokenizer;
  readonly tensor: (values: readonly number[]) => Tensor;
}

let model: Promise<Model> | null = null;

parentPort?.on('message', async (request: Request) => {
  const answer = await answerTo(request);
  parentPort?.postMessage(answer);
});

async function answerTo({ text, highest }: Request): Promise<Answer> {
  let loaded: Model;
  try {
    model ??= load();
    loaded = await model;
  } catch (error) {
    return { problem: 'unusable', message: (error as Error).message };
  }
  let ids: number[];
  try {
    ids = highest ? [loaded.highest] : idsOf(loaded.tokenizer, text);
  } catch {
    return { problem: 'refused', message: 'its tokenizer can make nothing of a text' };
  }
  try {
    return { vector: await vectorOf(loaded, ids) };
  } catch (error) {
    return { problem: 'failed', message: (error as Error).message };
  }
}

/** @throws Error that says what of the files does not fit */
async function load(): Promise<Model> {
  const { env, InferenceSession: Session, Tensor: Values } = await import('onnxruntime-web');
  env.wasm.numThreads = 1;
  env.logLevel = 'fatal';
  const file = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8')) as TokenizerFile;
  const tokenizer = new Tokenizer(file, {});
  const highest = highestOf(file);
  const session = await Session.create(await readFile(join(folder, 'model.onnx')), {
    executionProviders: ['wasm'],
    enableCpuMemArena: false,
    logSeverityLevel: 4,
  });
  const unknown = session.inputNames.filter((name) => !INPUTS.includes(name));
  if (unknown.length > 0 || !session.inputNames.includes('input_ids'))
    throw new Error(
      `it is no sentence model: it asks for ${session.inputNames.join(', ')}, where texts give ${INPUTS.join(', ')}`,
    );
  const tensor = (values: readonly number[]) =>
    new Values('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  return { session, tokenizer, tensor, highest };
}

/** The tokens of a text, cut to what the model looks at, with the last one, which ends it. */
function idsOf(tokenizer: Tokenizer, text: string): number[] {
  const { ids }: { ids: number[] } = tokenizer.encode(
    text.slice(0, maxTokens * CHARACTERS_PER_TOKEN).toWellFormed(),
  );
  if (ids.length === 0 || !ids.every(Number.isInteger)) throw new Error('no tokens');
  return ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - 1), ...ids.slice(-1)];
}

/** By the file: the tokenizer would list every number below, too. */
function highestOf({ model: { vocab }, added_tokens: added = [] }: TokenizerFile): number {
  const known: number[] = Array.isArray(vocab)
    ? [vocab.length - 1]
    : Object.values(vocab as Record<string, number>);
  return [...known, ...added.map(({ id }) => id)].reduce((highest, id) => Math.max(highest, id), 0);
}

/** What a model makes of a sentence, or the mean of what it makes of each token. */
async function vectorOf({ session, tensor }: Model, ids: readonly number[]): Promise<Float32Array> {
  const inputs: Record<string, Tensor> = {
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1)),
    token_type_ids: tensor(ids.map(() => 0)),
  };
  const outputs = await session.run(
    Object.fromEntries(session.inputNames.map((name) => [name, inputs[name] as Tensor])),
  );
  const made = session.outputNames.map((name) => outputs[name] as Tensor);
  const output = made.find(({ dims }) => dims.length === 2) ?? made[0];
  if (!(output?.data instanceof Float32Array) || output.dims.length < 2 || output.dims.length > 3)
    throw new Error(
      `it makes no vectors of sentences: its output is ${output?.type} of ${output?.dims.length} dimensions`,
    );
  const { data, dims } = output;
  const length = dims.at(-1) ?? 0;
  const rows = data.length / length;
  const sums = new Float32Array(length);
  for (let at = 0; at < data.length; at++) sums[at % length] = (sums[at % length] ?? 0) + (data[at] ?? 0);
  return sums.map((sum) => sum / rows);
}
