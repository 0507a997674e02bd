import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { clientModule } from '../bundle/operations.ts';
import { EXIT, runCommand } from '../src/ground/command.ts';
import { runScript } from './run-script.ts';

const USAGE = `usage: npm run codegen -- DIRECTORY [FILE]    makes a typed client for the operations of a folder

DIRECTORY has files *.graphql with named queries and mutations; FILE is what is written, DIRECTORY/echo-brain.ts unless said otherwise.`;

/** `npm run codegen`: types for programs that are written against the schema. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const [directory, file = join(directory ?? '', 'echo-brain.ts'), ...others] = positionals;
    if (directory === undefined || others.length > 0) return null;
    try {
      writeFileSync(file, clientModule(resolve(import.meta.dirname, '..'), resolve(directory)));
    } catch (error) {
      print((error as Error).message, 'errors');
      return EXIT.failed;
    }
    print(resolve(file));
    return EXIT.done;
  }),
);
