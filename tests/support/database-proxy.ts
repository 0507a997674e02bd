import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Between the server and its database: a database that goes away, and comes back, when a test says so. */
export interface DatabaseProxy {
  /** Gives the URL of a database behind the proxy. @param url whose `host` parameter is a socket directory */
  route(url: string): Promise<string>;
  /** Nobody is there: connections are closed and new ones are refused. */
  refuse(): Promise<void>;
  /** Somebody is there and says nothing: connections stay, nothing is passed on. */
  freeze(): void;
  /** As before. What was frozen is passed on. */
  restore(): Promise<void>;
  /** Cuts the next connection that commits after a statement of this name; the commit arrives, its answer does not. */
  cutAfterCommitOf(statement: string): Promise<void>;
  /** The same for a statement that is committed by itself. */
  cutAfter(statement: string): Promise<void>;
  close(): Promise<void>;
}

export async function startDatabaseProxy(): Promise<DatabaseProxy> {
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;
  let target = '';
  let cut: { statement: string; isAlone: boolean; done: () => void } | null = null;

  const accept = (client: Socket) => {
    const database = connect(target);
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => from.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    let [isMarked, isUnheard] = [false, false];
    client.on('data', (chunk) => {
      if (cut && chunk.includes(cut.statement)) isMarked = true;
      // pg sends "commit" as a message of its own.
      if (cut && isMarked && (cut.isAlone || chunk.includes('commit\0'))) isUnheard = true;
      database.write(chunk);
    });
    database.on('data', (chunk) => {
      if (!isUnheard) return client.write(chunk);
      client.destroy();
      cut?.done();
      cut = null;
    });
  };
  const cutting = (statement: string, isAlone: boolean) =>
    new Promise<void>((done) => {
      cut = { statement, isAlone, done };
    });
  const listen = async () => {
    server = createServer(accept).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const refuse = async () => {
    const leaving = server;
    server = null;
    for (const socket of sockets) socket.destroy();
    if (leaving) await once(leaving.close(), 'close');
  };
  await listen();
  return {
    route: async (url) => {
      const { username, port: number, pathname, searchParams } = new URL(url);
      target = `${searchParams.get('host')}/.s.PGSQL.${number}`;
      return `postgresql://${username}@127.0.0.1:${port}${pathname}`;
    },
    refuse,
    freeze: () => {
      for (const socket of sockets) socket.pause();
      server?.on('connection', (socket) => socket.pause());
    },
    restore: async () => {
      if (!server) return listen();
      server.removeAllListeners('connection').on('connection', accept);
      for (const socket of sockets) socket.resume();
    },
    cutAfterCommitOf: (statement) => cutting(statement, false),
    cutAfter: (statement) => cutting(statement, true),
    close: refuse,
  };
}
