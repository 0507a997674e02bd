import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Between the servers and something that they call: it goes away and comes back when the run says so. */
export interface Doorway {
  readonly port: number;
  /** Connections are closed, and new ones refused. */
  shut(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** @param target the port on this machine where it really is */
export async function startDoorway(target: number): Promise<Doorway> {
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;
  const accept = (client: Socket) => {
    const inside = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, inside],
      [inside, client],
    ] as const) {
      sockets.add(from);
      // Whatever ends one side ends the other; errors say no more than the close that follows.
      from.on('error', () => from.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  };
  const open = async () => {
    server ??= createServer(accept).listen(port, '127.0.0.1');
    if (!server.listening) await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  };
  const shut = async () => {
    const leaving = server;
    server = null;
    for (const socket of sockets) socket.destroy();
    if (leaving) await once(leaving.close(), 'close');
  };
  await open();
  return { port, open, shut, close: shut };
}
