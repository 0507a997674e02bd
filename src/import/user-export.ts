import { createHash } from 'node:crypto';
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type { Print } from '../ground/command.ts';
import { ImportConnectionError } from './client.ts';
import { type Connect, problemOfUrl } from './command.ts';
import { MAX_LINE_BYTES, readLines } from './files.ts';
import { ImportRefusedError, type Send } from './operations.ts';
import { ImportFileError } from './records.ts';
import { exportedLines, LineBatch, read, restoreLines } from './restoring.ts';

const USAGE = `usage: npm run export -- FILE [--user ID] [--url URL]     writes FILE and FILE.manifest.json
       npm run restore -- FILE [--user ID] [--url URL]    takes such a file back, into this or another server`;
const GOES_ON = 'what was acknowledged is stored; once the server answers, the same command takes the rest';
const MANIFEST = `query Manifest($userId: String) {
  exportUser(userId: $userId, first: 1) { manifest { format tenantId userId characters conversations turns sha256 } }
}`;
export interface UserExportServices {
  readonly connect: Connect;
  readonly print: Print;
}

interface Manifest {
  readonly sha256: string;
  readonly turns: number;
  readonly characters: number;
}

/** `npm run export` and `npm run restore`. @returns the exit code: 0 done, 1 refused or not the same, 2 wrong usage */
export async function userExportCommand(
  kind: 'export' | 'restore',
  args: readonly string[],
  { connect, print }: UserExportServices,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    print(USAGE);
    return 0;
  }
  const options = { user: { type: 'string' }, url: { type: 'string' } } as const;
  let parsed: { values: { user?: string; url?: string }; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    print(`${(error as Error).message}\n${USAGE}`, 'errors');
    return 2;
  }
  const [file] = parsed.positionals;
  if (!file || parsed.positionals.length > 1) {
    print(USAGE, 'errors');
    return 2;
  }
  const { user = null, url = null } = parsed.values;
  const problem = problemOfUrl(url);
  if (problem !== null) {
    print(`${problem}\n${USAGE}`, 'errors');
    return 2;
  }
  const connection = await connect(url, new AbortController().signal, (line) => print(line, 'errors'));
  try {
    return kind === 'export'
      ? await exportTo(file, user, connection.send, print)
      : await restoreFrom(file, user, connection.send, print);
  } catch (error) {
    const isAway = error instanceof ImportConnectionError;
    if (!isAway && !(error instanceof ImportRefusedError)) throw error;
    print(isAway && kind === 'restore' ? `${error.message}\n${GOES_ON}` : error.message, 'errors');
    return 1;
  } finally {
    await connection.close();
  }
}

/** Writes the file, or nothing. @throws ImportFileError if it exists already or cannot be made */
async function exportTo(file: string, userId: string | null, send: Send, print: (line: string) => void) {
  const handle = await open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new ImportFileError(`"${file}" exists already; name another file`);
    throw new ImportFileError(`"${file}" cannot be written (${error.code})`);
  });
  try {
    return await writeExport(handle, file, userId, send, print);
  } catch (error) {
    await rm(file);
    throw error;
  }
}

async function writeExport(
  handle: FileHandle,
  file: string,
  userId: string | null,
  send: Send,
  print: (line: string) => void,
) {
  const hash = createHash('sha256');
  let lines = 0;
  async function* exported() {
    for await (const line of exportedLines(send, userId)) {
      hash.update(`${line}\n`);
      lines++;
      yield `${line}\n`;
    }
  }
  // Closes the file, however it ends.
  await pipeline(exported, handle.createWriteStream());
  const { manifest } = read<{ manifest: Manifest }>(
    await send({ query: MANIFEST, variables: { userId } }),
    'exportUser',
  );
  await writeFile(`${file}.manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  const isSame = manifest.sha256 === hash.digest('hex');
  if (lines === 0) print(`nothing is kept of this user${userId === null ? '' : ` ("${userId}")`}`);
  print(
    isSame
      ? `${lines} lines, ${manifest.turns} turns, sha256 ${manifest.sha256}`
      : 'turns were stored while they were exported; export again for a file that fits its manifest',
  );
  return isSame ? 0 : 1;
}

async function restoreFrom(file: string, userId: string | null, send: Send, print: (line: string) => void) {
  const total = { turns: 0, replayed: 0, characters: 0 };
  for await (const { lines } of batches(file)) {
    const done = await restoreLines(send, userId, lines);
    total.turns += done.turns;
    total.replayed += done.replayed;
    total.characters += done.characters;
  }
  print(
    `${total.turns} turns stored, ${total.replayed} were there already${total.characters > 0 ? `; ${total.characters} own characters stored` : ''}`,
  );
  return 0;
}

async function* batches(file: string): AsyncGenerator<LineBatch> {
  let batch = new LineBatch();
  for await (const { number, bytes: read } of readLines(file, { bytes: 0 })) {
    if (read === null) throw new ImportFileError(`line ${number} is longer than ${MAX_LINE_BYTES} bytes`);
    const line = read.toString('utf8');
    if (line === '' || batch.add(line)) continue;
    yield batch;
    batch = new LineBatch();
    batch.add(line);
  }
  if (batch.lines.length > 0) yield batch;
}
