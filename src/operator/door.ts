import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Services } from '../graphql/context.ts';
import type { WithServices } from '../ground/command.ts';
import type { Logger } from '../log.ts';
import { COMMANDS, isCommand } from './commands.ts';
import { type Asked, lineOf, messages, type Told } from './lines.ts';

/** Milliseconds that commands may take to their end when the server stops. */
const FINISH_MS = 10_000;
/** What waits for a terminal that reads slowly. */
const MAX_UNREAD_BYTES = 64 * 1_048_576;
/** Only this user may open what is made meanwhile. */
const PRIVATE = 0o177;

/** Runs operators' commands in the server: who may open its socket could read all of its files. */
export class OperatorDoor {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens. What a killed server left there is replaced: the caller is the only server on the data directory.
   *
   * @param path of the socket
   * @param withServices gives the running server's parts, for the operator
   * @throws the system's error
   */
  static async open(path: string, withServices: WithServices<Services>, log: Logger): Promise<OperatorDoor> {
    await rm(path, { force: true });
    const server = createServer();
    const door = new OperatorDoor(server);
    server.on('connection', (socket) => {
      door.#sockets.add(socket);
      socket.once('close', () => door.#sockets.delete(socket));
      // Whoever asked has gone away; what they asked for goes on to its end.
      socket.on('error', (error) => log.debug({ err: error }, 'a command lost its terminal'));
      serve(socket, withServices, log).catch((error: unknown) => socket.destroy(error as Error));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const before = process.umask(PRIVATE);
      try {
        server.listen(path, () => resolve());
      } finally {
        process.umask(before);
      }
    });
    server.on('error', (error) => log.error({ err: error }, 'the operator can not be heard'));
    return door;
  }

  /** Takes no more commands, and gives those that run some time. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, FINISH_MS);
    await closed;
    clearTimeout(cut);
  }
}

/** One connection is one command. */
async function serve(socket: Socket, withServices: WithServices<Services>, log: Logger): Promise<void> {
  const asked = messages<Asked>(socket);
  const tell = (message: Told) => {
    if (!socket.writable) return;
    socket.write(lineOf(message));
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy(new Error('the terminal does not read'));
  };
  const next = async <Key extends string>(key: Key) => {
    const { value } = await asked.next();
    if (!value || !(key in value)) throw new Error(`the terminal said nothing of "${key}"`);
    return value as Extract<Asked, Readonly<Record<Key, unknown>>>;
  };
  const { command, args } = await next('command');
  const correlationId = randomUUID();
  try {
    if (!isCommand(command)) throw new UnknownCommand(command);
    log.info({ command, correlationId }, 'the operator gives a command');
    const code = await COMMANDS[command](
      {
        args,
        print: (line, to) => tell({ print: line, to }),
        confirmed: async (question) => {
          tell({ ask: question });
          return (await next('answer')).answer;
        },
        input: async () => {
          tell({ want: 'input' });
          return (await next('input')).input;
        },
      },
      withServices,
    );
    tell({ end: code });
  } catch (error) {
    if (error instanceof UnknownCommand) tell({ failed: error.message });
    else {
      log.error({ err: error, command, correlationId }, 'a command of the operator failed');
      tell({
        failed: `${(error as Error).message} (the log of the server has more, under ${correlationId})`,
      });
    }
  }
  socket.end();
}

class UnknownCommand extends Error {
  constructor(name: string) {
    super(`the server that runs is of another version and has no command "${name}"; stop it for that`);
  }
}
