import { connect, type Socket } from 'node:net';
import type { Services } from '../graphql/context.ts';
import type { WithServices } from '../ground/command.ts';
import type { CommandIo } from './command-io.ts';
import { COMMANDS, type CommandName } from './commands.ts';
import { lineOf, messages, type Told } from './lines.ts';
import { socketOf } from './socket.ts';

/** The command is understood, and a server runs that can do it. */
class RunsElsewhere extends Error {
  readonly socket: Socket;
  constructor(socket: Socket) {
    super('a server runs on this data directory');
    this.socket = socket;
  }
}

/** What could not be done, in words for the operator. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/**
 * Runs an operator's command: in the server that runs on the data directory, or with parts of its own where none does. Either
 * way it is understood here first: who mistypes an option or asks how it is used disturbs nobody.
 *
 * @param dataDirectory of the server; read when the command needs one
 * @param openServices opens the parts of a server
 * @returns the exit code
 * @throws CommandFailed where the server could not do it; what `openServices` throws
 */
export async function runOperatorCommand(
  name: CommandName,
  io: CommandIo,
  dataDirectory: () => string,
  openServices: WithServices<Services>,
): Promise<number> {
  try {
    return await COMMANDS[name](io, async (work) => {
      const socket = await serverAt(dataDirectory());
      if (socket) throw new RunsElsewhere(socket);
      return openServices(work);
    });
  } catch (error) {
    if (error instanceof RunsElsewhere) return askServer(error.socket, name, io);
    throw error;
  }
}

/** @returns null where no server listens: none runs, or it was killed */
async function serverAt(dataDirectory: string): Promise<Socket | null> {
  const path = socketOf(dataDirectory);
  if (path === null) return null;
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null);
      else reject(new CommandFailed(`the server on "${dataDirectory}" cannot be asked: ${reasonOf(error)}`));
    });
  });
}

const reasonOf = ({ code, message }: NodeJS.ErrnoException) =>
  code === 'EACCES' ? 'another user runs it; be that one' : message;

async function askServer(socket: Socket, command: CommandName, io: CommandIo): Promise<number> {
  try {
    socket.write(lineOf({ command, args: io.args }));
    for await (const told of messages<Told>(socket)) {
      if ('print' in told) io.print(told.print, told.to);
      else if ('ask' in told) socket.write(lineOf({ answer: await io.confirmed(told.ask) }));
      else if ('want' in told) socket.write(lineOf({ input: await io.input() }));
      else if ('end' in told) return told.end;
      else throw new CommandFailed(told.failed);
    }
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`the server ended before the command did: ${(error as Error).message}`);
  } finally {
    socket.destroy();
  }
  throw new CommandFailed('the server ended before the command did');
}
