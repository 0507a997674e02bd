import type { Services } from '../graphql/context.ts';
import type { WithServices } from '../ground/command.ts';
import type { CommandIo } from './command-io.ts';

/** @returns the exit code */
export type OperatorCommand = (io: CommandIo, withServices: WithServices<Services>) => Promise<number>;

/**
 * The commands that work with the parts of a server: of one that runs on the data directory, or of one that is opened for
 * the command. Each is loaded when it is used.
 */
export const COMMANDS = {
  async audit({ args, print }, withServices) {
    const { auditCommand } = await import('../domains/audit/audit-command.ts');
    return auditCommand(args, withServices, print);
  },
  async backup({ args, print }, withServices) {
    const { backupCommand } = await import('../domains/backups/backup-command.ts');
    return backupCommand(args, withServices, print);
  },
  async journal({ args, print, confirmed }, withServices) {
    const { journalCommand } = await import('../domains/persistence/journal-command.ts');
    return journalCommand(args, withServices, print, confirmed);
  },
  async keys({ args, print }, withServices) {
    const { keysCommand } = await import('../domains/principals/keys-command.ts');
    return keysCommand(args, withServices, print);
  },
  async schedules({ args, print }, withServices) {
    const { schedulesCommand } = await import('../domains/schedules/schedules-command.ts');
    return schedulesCommand(args, withServices, print);
  },
  async secrets({ args, print, input }, withServices) {
    const { secretsCommand } = await import('../domains/credentials/secrets-command.ts');
    return secretsCommand(args, withServices, input, print);
  },
  async seed({ args, print }, withServices) {
    const { seedCommand } = await import('../domains/characters/seed-command.ts');
    return seedCommand(args, withServices, print);
  },
  async tasks({ args, print }, withServices) {
    const { tasksCommand } = await import('../domains/tasks/tasks-command.ts');
    return tasksCommand(args, withServices, print);
  },
  async verify({ args, print }, withServices) {
    const { verifyCommand } = await import('../domains/consistency/verify-command.ts');
    return verifyCommand(args, withServices, print);
  },
} satisfies Readonly<Record<string, OperatorCommand>>;

export type CommandName = keyof typeof COMMANDS;

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
