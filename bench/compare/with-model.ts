import { join } from 'node:path';
import { type MemoryServer, startMemoryServer } from './memory.ts';
import { type RunningServer, startServer } from './processes.ts';
import type { Bench } from './work.ts';

/** Milliseconds that the model takes to answer. */
export const MODEL_MS = 10;

/** A server that asks a model of ours, which takes as long each time, and none of the server's cores. */
export async function startWithModel(
  bench: Bench,
): Promise<{ memory: MemoryServer; model: RunningServer; stop: () => Promise<void> }> {
  const model = await startServer({
    name: 'model',
    args: [join(import.meta.dirname, 'candidates', 'model.ts')],
    cwd: import.meta.dirname,
    cores: bench.cores && { server: bench.cores.others, others: bench.cores.others },
    env: { MODEL_MS: String(MODEL_MS) },
  });
  const memory = await startMemoryServer(bench, {
    env: { LLM_BASE_URL: `${model.url}/v1`, LLM_MODELS: 'quick=double' },
  });
  const stop = async () => {
    await memory.stop();
    await model.stop();
  };
  return { memory, model, stop };
}
