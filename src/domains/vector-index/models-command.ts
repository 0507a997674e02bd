import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LOCAL_MODEL_NAME } from '../../config/models.ts';
import { InvalidInput } from '../../errors.ts';
import { EXIT, JSON_OPTION, type Print, runCommand } from '../../ground/command.ts';
import {
  installedModel,
  KNOWN_MODELS,
  type KnownModel,
  LocalModelProblem,
  MODEL_FILES,
  modelsDirectory,
} from '../../models/local-models.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { fetchModel } from './model-download.ts';
import { addKnownModel, addOwnModel } from './model-folders.ts';

const USAGE = `usage: npm run models [-- list] [--json]    shows the sentence models that can run in the server; --json: a line of JSON each
       npm run models -- get NAME           fetches one (only this command fetches anything); what was begun is gone on with
       npm run models -- add NAME FOLDER    takes its files from a folder: of a known model, or of one of your own
                                            (an .onnx file for one sentence and its tokenizer.json)
A model is used with EMBEDDINGS=local (and EMBEDDINGS_MODEL=NAME, if it is another than minilm) after a restart.`;

export interface ModelsServices {
  readonly dataDirectory: string;
  readonly outbound: Pick<Outbound, 'fetcher'>;
  /** Models that can be fetched; absent: those of the house. */
  readonly known?: readonly KnownModel[];
}

/** `npm run models`. @param open reads the configuration @returns the exit code */
export function modelsCommand(
  args: readonly string[],
  open: () => ModelsServices,
  print: Print,
): Promise<number> {
  return runCommand(USAGE, args, print, async () => {
    const { values, positionals } = parseArgs({
      ...{ args: [...args], options: JSON_OPTION, allowPositionals: true },
    });
    const [action = 'list', name = '', folder = '', ...more] = positionals;
    if (more.length > 0) return null;
    const { known = KNOWN_MODELS, ...services } = open();
    const directory = modelsDirectory(services.dataDirectory);
    if (action === 'list' && name === '') return list(directory, known, values.json, print);
    if (!['get', 'add'].includes(action) || name === '' || (action === 'add') !== (folder !== ''))
      return null;
    if (!LOCAL_MODEL_NAME.test(name))
      throw new InvalidInput('NAME', 'must be 1 to 40 small letters, digits, ., - or _');
    const model = known.find((each) => each.name === name);
    try {
      if (model) describe(model, print);
      if (action === 'get') {
        if (!model)
          throw new InvalidInput('NAME', `must be one of ${known.map((each) => each.name).join(', ')}`);
        await fetchModel(directory, model, services.outbound, print);
      } else if (model) await addKnownModel(directory, model, folder);
      else await addOwnModel(directory, name, folder);
    } catch (error) {
      if (!(error instanceof LocalModelProblem)) throw error;
      print(error.message, 'errors');
      return EXIT.failed;
    }
    const setting = name === 'minilm' ? '' : ` EMBEDDINGS_MODEL=${name}`;
    print(`${name} is in ${join(directory, name)}; start the server with EMBEDDINGS=local${setting}`);
    return EXIT.done;
  });
}

async function list(
  directory: string,
  known: readonly KnownModel[],
  json: boolean,
  print: (line: string) => void,
) {
  for (const model of known) {
    const state = await installedModel(directory, model.name).then(
      () => 'here',
      async () => {
        const begun = join(directory, `${model.name}.part`);
        if (existsSync(join(directory, model.name))) return 'here, but damaged: get it again';
        return existsSync(begun) ? `begun, ${megabytes(await sizeOf(begun))} MB are here` : 'not here';
      },
    );
    const { name, about, licence } = model;
    const bytes = bytesOf(model);
    if (json) print(JSON.stringify({ name, about, bytes, licence, state }));
    else print(`${name.padEnd(10)} ${about}; ${megabytes(bytes)} MB, ${licence}; ${state}`);
  }
  return EXIT.done;
}

function describe(model: KnownModel, print: (line: string) => void): void {
  print(`${model.name}: ${model.about}; ${megabytes(bytesOf(model))} MB, ${model.licence}`);
  for (const file of MODEL_FILES) {
    const { url, bytes, sha256 } = model.files[file];
    print(`  ${file}  ${bytes} bytes  SHA-256 ${sha256}  ${url}`);
  }
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
const bytesOf = ({ files }: KnownModel) => MODEL_FILES.reduce((sum, file) => sum + files[file].bytes, 0);

async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all(
    MODEL_FILES.map((file) =>
      stat(join(folder, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
