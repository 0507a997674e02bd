import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The two files of a sentence model, as they are named in its folder. */
export const MODEL_FILES = ['model.onnx', 'tokenizer.json'] as const;
export type ModelFile = (typeof MODEL_FILES)[number];
/** Says of a model's folder what is in it. */
export const MANIFEST = 'model.json';

/** What is put before a text, as the model learned it; questions and turns may differ. */
export interface Prefixes {
  readonly question: string;
  readonly turn: string;
}

/** A sentence model that this program knows by name and by the bytes of its files. */
export interface KnownModel {
  readonly name: string;
  /** One line for whoever chooses. */
  readonly about: string;
  readonly licence: string;
  readonly dimensions: number;
  /** Tokens of a text that are looked at. */
  readonly maxTokens: number;
  readonly prefixes: Prefixes;
  readonly files: Readonly<Record<ModelFile, PinnedFile>>;
}

export interface PinnedFile {
  readonly url: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

const MINILM =
  'https://huggingface.co/Xenova/all-MiniLM-L6-v2/resolve/751bff37182d3f1213fa05d7196b954e230abad9';
const E5_SMALL =
  'https://huggingface.co/Xenova/multilingual-e5-small/resolve/761b726dd34fb83930e26aab4e9ac3899aa1fa78';

/** Models that can be fetched: by revision and hash, so that what was looked at is what comes. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    ...{ name: 'minilm', about: 'all-MiniLM-L6-v2, English, int8', licence: 'Apache-2.0' },
    ...{ dimensions: 384, maxTokens: 256, prefixes: { question: '', turn: '' } },
    files: {
      'model.onnx': {
        url: `${MINILM}/onnx/model_quantized.onnx`,
        bytes: 22_972_370,
        sha256: 'afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1',
      },
      'tokenizer.json': {
        url: `${MINILM}/tokenizer.json`,
        bytes: 711_661,
        sha256: 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
      },
    },
  },
  {
    ...{ name: 'e5-small', about: 'multilingual-e5-small, about 100 languages, int8', licence: 'MIT' },
    ...{ dimensions: 384, maxTokens: 512, prefixes: { question: 'query: ', turn: 'passage: ' } },
    files: {
      'model.onnx': {
        url: `${E5_SMALL}/onnx/model_quantized.onnx`,
        bytes: 118_308_185,
        sha256: 'f80102d3f2a1229f387d3c81909990d8945513e347b0eab049f7de3c6f98c193',
      },
      'tokenizer.json': {
        url: `${E5_SMALL}/tokenizer.json`,
        bytes: 17_082_730,
        sha256: '0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39',
      },
    },
  },
];

const StoredFile = z.object({
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const Manifest = z.object({
  dimensions: z.int().min(1).max(8_192),
  maxTokens: z.int().min(8).max(8_192),
  prefixes: z.object({ question: z.string(), turn: z.string() }),
  files: z.object({ 'model.onnx': StoredFile, 'tokenizer.json': StoredFile }),
});
export type Manifest = z.output<typeof Manifest>;

/** A model whose files are there, and are what they were when they were put there. */
export interface InstalledModel extends Omit<Manifest, 'files'> {
  /** What its vectors are known by: another file is another model. */
  readonly name: string;
  readonly folder: string;
}

/** A model's files are missing, or are not what they should be; the message is for the operator. */
export class LocalModelProblem extends Error {
  override readonly name = 'LocalModelProblem';
}

export const modelsDirectory = (dataDirectory: string): string => join(dataDirectory, 'models');

/**
 * Looks whether a model's files are there and whole.
 *
 * @param directory where the folders of models are
 * @throws LocalModelProblem
 */
export async function installedModel(directory: string, name: string): Promise<InstalledModel> {
  const folder = join(directory, name);
  const known = KNOWN_MODELS.find((model) => model.name === name);
  const remedy = known
    ? `run: npm run models -- get ${name}`
    : `run: npm run models -- add ${name} FOLDER, or choose one of ${KNOWN_MODELS.map((each) => each.name).join(', ')}`;
  if (!existsSync(join(folder, MANIFEST)))
    throw new LocalModelProblem(`there is no model "${name}" in ${directory}; ${remedy}`);
  const manifest = await readManifest(folder);
  if (!manifest) throw new LocalModelProblem(`${join(folder, MANIFEST)} cannot be read; ${remedy}`);
  for (const file of MODEL_FILES) {
    const path = join(folder, file);
    const expected = known?.files[file] ?? manifest.files[file];
    const problem = await whyNot(path, expected);
    if (problem) throw new LocalModelProblem(`${path} ${problem}; ${remedy}`);
  }
  const { dimensions, maxTokens, prefixes } = known ?? manifest;
  const hash = (known ?? manifest).files['model.onnx'].sha256.slice(0, 8);
  return { name: `${LOCAL}${name}-${hash}`, folder, dimensions, maxTokens, prefixes };
}

/** How the names of models begin that run in the server. */
export const LOCAL = 'local/';

/** The name of the folder of a model that was used before. Null: it did not run in the server. */
export function folderOf(modelName: string): string | null {
  return /^local\/(.+)-[0-9a-f]{8}$/.exec(modelName)?.[1] ?? null;
}

/** Why a file is not the expected one; null: it is. */
export async function whyNot(
  path: string,
  { bytes, sha256 }: Pick<PinnedFile, 'bytes' | 'sha256'>,
): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (!found) return 'is missing';
  if (found.size !== bytes) return `has ${found.size} bytes instead of ${bytes}`;
  const hash = await sha256Of(path);
  return hash === sha256 ? null : `has the SHA-256 ${hash} instead of ${sha256}`;
}

/** @throws what reading throws */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}

async function readManifest(folder: string): Promise<Manifest | null> {
  try {
    return Manifest.parse(JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')));
  } catch {
    return null;
  }
}
