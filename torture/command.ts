import type { Print } from '../src/ground/command.ts';
import { parseOptions, type TortureOptions, USAGE, UsageError } from './options.ts';

/**
 * The command: runs and prints, ending with the figures as one JSON object.
 *
 * @returns the exit code: 0 all checks passed, 1 a check failed, 2 the run could not be made
 */
export async function tortureCommand(
  args: readonly string[],
  print: Print,
  interrupted: AbortSignal,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    print(USAGE);
    return 0;
  }
  try {
    const options = parseOptions(args);
    const summary = await run(options, print, interrupted);
    print(JSON.stringify(summary, null, 2));
    if (summary.passed) return 0;
    print(`FAILED, replay with --seed ${summary.seed}; the data is kept in ${summary.kept}`);
    return 1;
  } catch (error) {
    if (error instanceof UsageError) print(`${error.message}\n${USAGE}`, 'errors');
    else if (error instanceof Error && error.name === 'PatchError')
      print(
        `the sources changed, a patch of torture/failpoints.ts or torture/sabotage.ts does not fit: ${error.message}`,
        'errors',
      );
    else print(String(error instanceof Error ? error.stack : error), 'errors');
    return 2;
  }
}

/** What runs bundles sources, for which development packages are needed: who only asks for help has it without them. */
async function run(options: TortureOptions, print: Print, interrupted: AbortSignal) {
  const { tasks, servers, soak } = options;
  if (soak !== null) return (await import('./soak/run.ts')).runSoak(options, soak, print, interrupted);
  if (servers !== null)
    return (await import('./servers-run.ts')).runServersTorture(options, servers, print, interrupted);
  if (tasks !== null)
    return (await import('./task-run.ts')).runTaskTorture(options, tasks, print, interrupted);
  return (await import('./run.ts')).runTorture(options, print, interrupted);
}
