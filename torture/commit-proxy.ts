import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Cuts before the database hears of the commit (it rolls back), or after, so that nobody hears its answer. */
export type CutMoment = 'before' | 'after';

/** Between the server and PostgreSQL; forwards everything, and cuts a connection when it sees a COMMIT go by. */
export interface CommitProxy {
  readonly port: number;
  /** The next commit of any connection is cut. @returns resolves once that has happened */
  cutNextCommit(moment: CutMoment): Promise<void>;
  close(): Promise<void>;
}

/** @param socketPath where PostgreSQL listens */
export async function startCommitProxy(socketPath: string): Promise<CommitProxy> {
  const sockets = new Set<Socket>();
  let armed: { moment: CutMoment; done: () => void } | null = null;
  const takeCut = () => {
    const taken = armed;
    armed = null;
    taken?.done();
    return taken?.moment ?? null;
  };
  const server = createServer((client) => {
    const database = connect(socketPath);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      // Whatever ends one side ends the other; errors say no more than the close that follows.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        cut(client, database);
      });
    }
    forward(client, database, takeCut);
  });
  await listen(server);
  return {
    port: (server.address() as AddressInfo).port,
    cutNextCommit: (moment) =>
      new Promise((resolve) => {
        armed = { moment, done: resolve };
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(client: Socket, database: Socket, takeCut: () => CutMoment | null): void {
  const messages = new FrontendMessages();
  let unheard = false;
  client.on('data', (chunk: Buffer) => {
    for (const { bytes, commits } of messages.split(chunk)) {
      const moment = commits ? takeCut() : null;
      if (moment === 'before') return cut(client, database);
      if (moment === 'after') unheard = true;
      database.write(bytes);
    }
  });
  database.on('data', (chunk: Buffer) => {
    // Its answer exists: the commit is done, and only we know.
    if (unheard) return cut(client, database);
    client.write(chunk);
  });
}

function cut(...sockets: Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

const COMMIT = /^\s*(?:commit|end)\b/i;

/** Splits what a client sends into messages (PostgreSQL's protocol 3.0, section "Message Formats"). */
export class FrontendMessages {
  #rest: Buffer = Buffer.alloc(0);
  #started = false;
  readonly #commitStatements = new Set<string>();

  *split(chunk: Buffer): Generator<{ bytes: Buffer; commits: boolean }> {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      // The first message has no type.
      const lengthAt = this.#started ? 1 : 0;
      if (this.#rest.length < lengthAt + 4) return;
      const end = lengthAt + this.#rest.readInt32BE(lengthAt);
      if (this.#rest.length < end) return;
      const bytes = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield { bytes, commits: this.#started && this.#commits(bytes) };
      this.#started = true;
    }
  }

  /** A simple query that commits, or the binding of a statement that does. */
  #commits(bytes: Buffer): boolean {
    const type = String.fromCharCode(bytes[0] ?? 0);
    if (type === 'Q') return COMMIT.test(bytes.toString('utf8', 5, 40));
    if (type !== 'P' && type !== 'B') return false;
    const [first = '', second = ''] = bytes.toString('utf8', 5, 400).split('\0');
    if (type === 'B') return this.#commitStatements.has(second);
    if (COMMIT.test(second)) this.#commitStatements.add(first);
    else this.#commitStatements.delete(first);
    return false;
  }
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
