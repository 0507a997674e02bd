import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createHttpSender } from '../../src/import/client.ts';
import { createLogger } from '../../src/log.ts';
import { modelsDirectory } from '../../src/models/local-models.ts';
import { readEvaluation } from './dialogues.ts';
import { askQuestions, recordDialogues } from './run.ts';
import { scoreRankings, scoreTable } from './score.ts';

export const USAGE = `npm run evaluate -- --data FILE [--out FILE]
Records the dialogues of FILE in a server of its own (a fresh directory, deleted afterwards; the configuration is
otherwise that of the environment), asks their questions through memorySearch, and prints how much of the evidence
was found. --out writes one line of JSON for each question: question_id, ranked, ms.`;

const PATIENCE_MS = 30_000;

/** @returns the exit code */
export async function evaluateCommand(
  args: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { data: { type: 'string' }, out: { type: 'string' } },
  });
  if (!values.data) {
    print(USAGE);
    return 2;
  }
  const { dialogues, questions } = await readEvaluation(values.data);
  const directory = await mkdtemp(join(tmpdir(), 'echo-brain-evaluate-'));
  const log = createLogger('warn', 2);
  const own = readConfig();
  // The model that runs inside is the one that the operator has.
  if (own.localEmbeddings !== null)
    await symlink(modelsDirectory(own.dataDirectory), modelsDirectory(directory), 'junction');
  const config = { ...own, dataDirectory: directory, databaseUrl: null, port: 0, host: '127.0.0.1' };
  // What is measured is what is found; a busy machine may take its time.
  const app = await createApp(config, log, { migrate: true }, { patienceMs: PATIENCE_MS });
  try {
    const send = createHttpSender({ url: await app.listen(), apiKey: null, log });
    const ids = await recordDialogues(dialogues, send);
    await untilEmbedded(app.services.meaning !== null, send);
    const rankings = await askQuestions(questions, ids, send);
    const lines = rankings.map(({ questionId, ranked, ms }) =>
      JSON.stringify({ question_id: questionId, ranked, ms: Number(ms.toFixed(2)) }),
    );
    if (values.out) await writeFile(values.out, `${lines.join('\n')}\n`);
    print(scoreTable(scoreRankings(questions, rankings)));
    const times = rankings.map(({ ms }) => ms).sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(1);
    print(`${ids.size} turns, ${rankings.length} questions, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`);
    return 0;
  } finally {
    await app.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** With a model that knows meaning, rankings depend on which turns have their vector: all of them, then. */
async function untilEmbedded(needed: boolean, send: ReturnType<typeof createHttpSender>): Promise<void> {
  while (needed) {
    const { data } = await send({ query: '{ persistence { vectors { coverage } } }', variables: {} });
    const { persistence } = data as { persistence: { vectors: { coverage: number } } };
    if (persistence.vectors.coverage === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
