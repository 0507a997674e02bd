import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';

/** What becomes of a run. */
export type Course =
  /** `among`: what the node that saved it calls it; a video is one of `gifs` of some, and an image of others. */
  | { kind: 'picture'; bytes: Buffer; until?: Promise<unknown>; among?: 'images' | 'gifs' | 'video' }
  | { kind: 'error'; message: string }
  /** It ends well, and no node has saved anything. */
  | { kind: 'nothing' }
  /** Somebody interrupts it at ComfyUI itself. */
  | { kind: 'interrupted' }
  /** ComfyUI is restarted, and knows it no more. */
  | { kind: 'lost' }
  /** One of its outputs is refused, and the others are drawn. */
  | { kind: 'partly refused' }
  /** It goes on until it is interrupted. */
  | { kind: 'endless' };

// biome-ignore lint/suspicious/noExplicitAny: graphs and messages have whatever a test looks at
type Any = any;

interface Run {
  readonly id: string;
  readonly graph: Any;
  state: 'running' | 'over';
  entry: Any;
}

/** A server that speaks the protocol of ComfyUI, as its `server.py` has it: also the time between the last event and the history. */
export async function startComfyUi(course: (graph: Any) => Course, { nodes = KNOWN } = {}) {
  const runs = new Map<string, Run>();
  const clients = new Map<string, WebSocket>();
  const pictures = new Map<string, Buffer>();
  const prompts: Any[] = [];
  const interrupted: string[] = [];
  const origins: unknown[] = [];
  let isAway = false;
  const tell = (run: Run, type: string, data: Any) =>
    clients.get(run.id)?.send(JSON.stringify({ type, data: { prompt_id: run.id, ...data } }));

  function over(run: Run, status: 'success' | 'error', event: [string, Any], outputs: Any = {}) {
    if (run.state === 'over') return;
    const [type, data] = event;
    tell(run, type, data);
    run.state = 'over';
    // The history comes behind the event, and the last event behind the history.
    setImmediate(() => {
      run.entry = {
        outputs,
        status: { status_str: status, completed: status === 'success', messages: [[type, data]] },
      };
      tell(run, 'executing', { node: null });
    });
  }

  async function go(run: Run, what: Course) {
    tell(run, 'execution_start', {});
    const sampler = Object.keys(run.graph)[0] ?? '';
    tell(run, 'executing', { node: sampler });
    tell(run, 'progress', { node: sampler, value: 3, max: 28 });
    clients.get(run.id)?.send(Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 255]));
    if (what.kind === 'endless' || what.kind === 'partly refused') return;
    if (what.kind === 'lost') return void runs.delete(run.id);
    if (what.kind === 'interrupted') return over(run, 'error', ['execution_interrupted', {}]);
    // Each step is told, which says that it goes on.
    const steps = setInterval(() => tell(run, 'progress', { node: sampler, value: 3, max: 28 }), 500);
    if (what.kind === 'picture') await what.until;
    clearInterval(steps);
    if (what.kind === 'error')
      return over(run, 'error', [
        'execution_error',
        {
          node_type: 'KSampler',
          exception_type: 'torch.OutOfMemoryError',
          exception_message: `${what.message}\nTIPS: /secret/path`,
        },
      ]);
    const images = [{ filename: `${run.id} 1.png`, subfolder: 'a b', type: 'output' }];
    if (what.kind === 'picture') pictures.set(`${run.id} 1.png`, what.bytes);
    const outputs = what.kind === 'picture' ? { saved: { [what.among ?? 'images']: images } } : {};
    over(run, 'success', ['execution_success', {}], outputs);
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const give = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    origins.push(request.headers.origin);
    if (isAway) return request.socket.destroy();
    if (pathname === '/prompt') {
      const { prompt: graph, prompt_id: id } = (await json(request)) as Any;
      prompts.push(graph);
      const unknown = Object.entries<Any>(graph).find(([, { class_type }]) => !nodes.includes(class_type));
      if (unknown)
        return give(400, {
          error: {
            type: 'missing_node_type',
            message: `Node '${unknown[1].class_type}' not found`,
            details: '',
          },
          node_errors: {},
        });
      const run: Run = { id, graph, state: 'running', entry: null };
      runs.set(id, run);
      const what = course(graph);
      const errors = what.kind === 'partly refused' ? { saved: REFUSED } : {};
      give(200, { prompt_id: id, number: 1, node_errors: errors });
      void go(run, what);
      return;
    }
    if (pathname === '/queue' && request.method === 'GET') {
      const running = [...runs.values()].filter(({ state }) => state === 'running');
      return give(200, {
        queue_running: running.map(({ id, graph }) => [1, id, graph, {}, []]),
        queue_pending: [],
      });
    }
    if (pathname === '/queue') return response.end();
    if (pathname === '/interrupt') {
      const { prompt_id: id } = (await json(request)) as Any;
      const run = runs.get(id);
      if (run?.state === 'running') interrupted.push(id);
      if (run) over(run, 'error', ['execution_interrupted', {}]);
      return response.end();
    }
    if (pathname.startsWith('/history/')) {
      const run = runs.get(pathname.slice('/history/'.length));
      return give(200, run?.entry ? { [run.id]: run.entry } : {});
    }
    if (pathname === '/models/checkpoints') return give(200, ['tiny.safetensors']);
    const picture = pictures.get(searchParams.get('filename') ?? '');
    if (pathname === '/view' && picture && searchParams.get('subfolder') === 'a b')
      return response.end(picture);
    give(404, {});
  }

  const server = createServer((request, response) => void answer(request, response));
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (isAway) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (client) => {
      clients.set(new URL(request.url ?? '/', 'http://x').searchParams.get('clientId') ?? '', client);
      client.send(
        JSON.stringify({ type: 'status', data: { status: { exec_info: { queue_remaining: 0 } } } }),
      );
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Graphs that were sent. */
    prompts,
    /** Ids of runs that were interrupted. */
    interrupted,
    origins,
    /** Whether it refuses to talk; runs go on. */
    setAway: (away: boolean) => {
      isAway = away;
      for (const client of clients.values()) if (away) client.terminate();
    },
    /** Forgets the runs of a width, as a restart would. */
    forget: (width: number) => {
      for (const [id, { graph }] of runs) if (graph.empty?.inputs.width === width) runs.delete(id);
    },
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const REFUSED = {
  class_type: 'SaveImage',
  dependent_outputs: [],
  errors: [{ type: 'value_not_in_list', message: 'Value not in list', details: 'format', extra_info: {} }],
};

const KNOWN = [
  'CheckpointLoaderSimple',
  'CLIPTextEncode',
  'EmptyLatentImage',
  'KSampler',
  'VAEDecode',
].concat(['SaveImage', 'EmptyImage', 'LatentUpscaleBy']);
