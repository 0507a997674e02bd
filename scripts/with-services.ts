import { text } from 'node:stream/consumers';
import type { Services } from '../src/graphql/context.ts';
import { confirmed, type WithServices } from '../src/ground/command.ts';
import type { Connect } from '../src/import/command.ts';
import { runOperatorCommand } from '../src/operator/asking.ts';
import type { CommandName } from '../src/operator/commands.ts';
import { runScript } from './run-script.ts';

/** The parts of a server, loaded when a command has been understood, and the settings have been read. */
export const withServices: WithServices<Services> = async (work) => {
  const { loadConfig } = await import('../src/startup.ts');
  const loaded = await loadConfig();
  const app = await import('../src/app.ts');
  return app.withServices(loaded, work);
};

/** Runs an operator's command of this process's arguments, in the server where one runs. */
export function runCommandHere(name: CommandName): Promise<void> {
  return runScript(async (args, print) => {
    const { readDataDirectory } = await import('../src/config.ts');
    const io = { args, print, confirmed, input };
    return runOperatorCommand(name, io, readDataDirectory, withServices);
  });
}

/** This installation's configuration, and how its server is reached by a client: the one that runs, or one that is opened for it. */
export async function reachHere() {
  const { connectByConfig } = await import('../src/import/connect.ts');
  const { createLogger } = await import('../src/log.ts');
  const { loadConfig } = await import('../src/startup.ts');
  const { config, vault } = await loadConfig();
  const log = createLogger(config.logLevel, 2);
  const connect = connectByConfig(config, log, async (own) => {
    const { createApp } = await import('../src/app.ts');
    return createApp(own, log, { migrate: true, vault });
  });
  return { config, log, connect };
}

/** How it is reached, read when somebody wants to: who only asks how a command is used needs no configuration. */
export const connectHere: Connect = async (...asked) => (await reachHere()).connect(...asked);

/** What comes on standard input; somebody at a terminal is told that it is waited for. */
function input(): Promise<string> {
  if (process.stdin.isTTY)
    process.stderr.write('type or paste it, then Enter and Ctrl-D (or give a file: < FILE)\n');
  return text(process.stdin);
}
