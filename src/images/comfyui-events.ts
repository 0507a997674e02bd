import { z } from 'zod';
import type { Outbound } from '../outbound/outbound.ts';
import { type DrawOptions, MakerAway } from './image-maker.ts';

/** What is heard of a run. */
export interface ComfyUiEvents {
  /** When something was heard of it the last time, by the clock of `performance`. */
  readonly lastAt: number;
  /** Resolves when the next event says that it is time to look. */
  next(): Promise<void>;
  close(): void;
}

const CONNECT_MS = 10_000;

const Message = z.looseObject({
  type: z.string(),
  data: z.looseObject({
    prompt_id: z.string().optional(),
    node: z.string().nullish(),
    value: z.number().optional(),
    max: z.number().optional(),
  }),
});

/**
 * Listens to the events of a run. Where the connection breaks later, nothing is heard any more, and the run goes on.
 *
 * @throws MakerAway
 */
export async function listen(
  outbound: Pick<Outbound, 'socketTo'>,
  url: string,
  { runId, graph, onProgress, signal }: DrawOptions,
): Promise<ComfyUiEvents> {
  const socket = await outbound.socketTo(url);
  let lastAt = performance.now();
  let told = Promise.withResolvers<void>();
  socket.addEventListener('message', ({ data }) => {
    // Previews are binary: a sign of life, and nothing else here.
    if (typeof data !== 'string') {
      lastAt = performance.now();
      return;
    }
    const message = messageIn(data);
    if (!message || message.data.prompt_id !== runId) return;
    lastAt = performance.now();
    const { type, data: said } = message;
    const node = said.node ? (graph[said.node]?.class_type ?? said.node) : null;
    if (type === 'progress') onProgress(said.value ?? 0, said.max ?? null, node ?? 'drawing');
    else if (type === 'executing' && node) onProgress(0, null, node);
    else if (type === 'executing' || type.startsWith('execution_')) {
      told.resolve();
      told = Promise.withResolvers();
    }
  });
  await opened(socket, signal);
  return {
    get lastAt() {
      return lastAt;
    },
    next: () => told.promise,
    close: () => socket.close(),
  };
}

function messageIn(text: string): z.output<typeof Message> | null {
  try {
    return Message.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

async function opened(socket: Awaited<ReturnType<Outbound['socketTo']>>, signal: AbortSignal): Promise<void> {
  const open = new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    const fail = () => reject(new MakerAway('ComfyUI took no WebSocket'));
    socket.addEventListener('error', fail);
    socket.addEventListener('close', fail);
    const late = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
    late.addEventListener('abort', fail, { once: true });
  });
  try {
    await open;
  } catch (error) {
    socket.close();
    signal.throwIfAborted();
    throw error;
  }
}
