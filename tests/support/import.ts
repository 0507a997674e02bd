import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createHttpSender } from '../../src/import/client.ts';
import { importCommand } from '../../src/import/command.ts';

const log = pino({ level: 'silent' });

/**
 * `npm run import` within this process: what it prints, its exit code, and the numbers of its table.
 *
 * @param url the server that it imports into
 */
export async function importInto(
  url: string,
  args: readonly string[],
  {
    checkpointDirectory: given,
    ...services
  }: { checkpointDirectory?: string; settlePatienceMs?: number; onStderr?: (text: string) => void } = {},
) {
  const output = { stdout: '', stderr: '' };
  const checkpointDirectory = given ?? (await mkdtemp(join(tmpdir(), 'echo-checkpoints-')));
  const code = await importCommand(args, {
    ...services,
    open: async () => ({
      ...{ ownUrl: url, log, checkpointDirectory },
      connect: async (_named, signal) => ({
        send: createHttpSender({ url, apiKey: null, log, signal, firstDelayMs: 1 }),
        close: async () => undefined,
      }),
    }),
    stdout: { write: (text) => append('stdout', text) },
    stderr: { write: (text: string) => append('stderr', text) } as NodeJS.WriteStream,
  });
  if (given === undefined) await rm(checkpointDirectory, { recursive: true });
  function append(stream: 'stdout' | 'stderr', text: string) {
    output[stream] += text;
    if (stream === 'stderr') services.onStderr?.(text);
  }
  const count = (name: string) => Number(new RegExp(`^  ${name} +(\\d+)$`, 'm').exec(output.stdout)?.[1]);
  return {
    ...{ code, ...output },
    ...{ sent: count('turns sent'), stored: count('stored new'), again: count('replayed') },
    ...{ waiting: count('waiting'), uncertain: count('uncertain'), missing: count('missing') },
    ...{ refused: count('refused'), skipped: count('skipped'), characters: count('characters') },
  };
}
