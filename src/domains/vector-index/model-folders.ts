import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbedderUnavailable, embedTexts, TextRefused } from '../../models/embedder.ts';
import { createLocalEmbedder } from '../../models/local-embedder.ts';
import {
  type KnownModel,
  LOCAL,
  LocalModelProblem,
  MANIFEST,
  type Manifest,
  MODEL_FILES,
  type ModelFile,
  sha256Of,
  whyNot,
} from '../../models/local-models.ts';

/** Tokens of a text that a model of one's own looks at: all sentence models can. */
const OWN_MAX_TOKENS = 256;
const MAX_DIMENSIONS = 8_192;
/** Folders in the folder are looked into, too: models are often in one called `onnx`. */
const TOKENIZER = 'tokenizer.json';
/** What a model of one's own must make a vector of. */
const TRIALS = ['ping', 'My beagle barked all night.', '猫が好きです', '🙂', 'word '.repeat(2_000)];

/**
 * Takes a known model from a folder, whatever its files are called there: they are told by their bytes.
 *
 * @throws LocalModelProblem
 */
export async function addKnownModel(directory: string, model: KnownModel, folder: string): Promise<void> {
  const paths = await filesIn(folder);
  const chosen = {
    'model.onnx': await foundAmong(paths, 'model.onnx', model, folder),
    'tokenizer.json': await foundAmong(paths, 'tokenizer.json', model, folder),
  };
  await copied(directory, model.name, chosen);
  await completeFolder(directory, model.name, model);
}

async function foundAmong(
  paths: readonly string[],
  file: ModelFile,
  { name, files }: KnownModel,
  folder: string,
): Promise<string> {
  const problems: string[] = [];
  for (const path of paths.filter((each) => isKindOf(file, each))) {
    const problem = await whyNot(path, files[file]);
    if (!problem) return path;
    problems.push(`${path} ${problem}`);
  }
  throw new LocalModelProblem(
    `FOLDER: no file in ${folder} is the ${file} of ${name}${problems.length > 0 ? `: ${problems.join('; ')}` : ''}; another model needs another name`,
  );
}

/**
 * Takes a model of the operator's own from a folder, if it makes vectors of texts.
 *
 * @throws LocalModelProblem
 */
export async function addOwnModel(directory: string, name: string, folder: string): Promise<void> {
  const paths = await filesIn(folder);
  const chosen = {
    'model.onnx': only(
      paths.filter((path) => isKindOf('model.onnx', path)),
      '.onnx file',
      folder,
    ),
    'tokenizer.json': only(
      paths.filter((path) => path.endsWith(TOKENIZER)),
      TOKENIZER,
      folder,
    ),
  };
  const begun = await copied(directory, name, chosen);
  const dimensions = await triedOut(begun, name).catch(async (error) => {
    await rm(begun, { recursive: true, force: true });
    throw error;
  });
  const files = await Promise.all(MODEL_FILES.map((file) => factsOf(join(begun, file))));
  const prefixes = { question: '', turn: '' };
  await completeFolder(directory, name, {
    ...{ dimensions, maxTokens: OWN_MAX_TOKENS, prefixes },
    files: { 'model.onnx': files[0] as FileFacts, 'tokenizer.json': files[1] as FileFacts },
  });
}

/** Says in a folder what is in it, and puts it in the place of the one that may be there. */
export async function completeFolder(
  directory: string,
  name: string,
  { dimensions, maxTokens, prefixes, files }: Manifest | KnownModel,
): Promise<void> {
  const facts = ({ bytes, sha256 }: FileFacts) => ({ bytes, sha256 });
  const manifest: Manifest = {
    ...{ dimensions, maxTokens, prefixes },
    files: { 'model.onnx': facts(files['model.onnx']), 'tokenizer.json': facts(files['tokenizer.json']) },
  };
  const begun = join(directory, `${name}.part`);
  await writeFile(join(begun, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  await rm(join(directory, name), { recursive: true, force: true });
  await rename(begun, join(directory, name));
}

interface FileFacts {
  readonly bytes: number;
  readonly sha256: string;
}

/** Puts files where a model is got ready. @returns that folder */
async function copied(
  directory: string,
  name: string,
  chosen: Readonly<Record<ModelFile, string>>,
): Promise<string> {
  const begun = join(directory, `${name}.part`);
  await rm(begun, { recursive: true, force: true });
  await mkdir(begun, { recursive: true, mode: 0o700 });
  for (const file of MODEL_FILES) await copyFile(chosen[file], join(begun, file));
  return begun;
}

/** The length of its vectors. @throws LocalModelProblem where it makes none */
async function triedOut(folder: string, name: string): Promise<number> {
  const prefixes = { question: '', turn: '' };
  const model = { name: LOCAL + name, folder, maxTokens: OWN_MAX_TOKENS, prefixes };
  const embedder = createLocalEmbedder({ ...model, dimensions: 0 });
  const { signal } = new AbortController();
  try {
    const [first] = await embedder.embed(TRIALS.slice(0, 1), signal);
    const dimensions = first?.length ?? 0;
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS)
      throw new LocalModelProblem(
        `FOLDER: the model makes vectors of ${dimensions} dimensions; 1 to ${MAX_DIMENSIONS} are possible`,
      );
    await embedTexts({ ...embedder, dimensions }, TRIALS, signal);
    await embedder.checkTokenizer();
    return dimensions;
  } catch (error) {
    if (!(error instanceof EmbedderUnavailable || error instanceof TextRefused)) throw error;
    throw new LocalModelProblem(`FOLDER: model and tokenizer are not usable together: ${error.message}`);
  } finally {
    await embedder.close();
  }
}

const isKindOf = (file: ModelFile, path: string) => path.endsWith(file === TOKENIZER ? '.json' : '.onnx');

function only(paths: readonly string[], what: string, folder: string): string {
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0)
    throw new LocalModelProblem(`FOLDER: ${folder} must hold one ${what}, holds ${paths.length}`);
  return path;
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: Error) => {
    throw new LocalModelProblem(`FOLDER: ${folder} cannot be read (${error.message})`);
  });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function factsOf(path: string): Promise<FileFacts> {
  return { bytes: (await stat(path)).size, sha256: await sha256Of(path) };
}
