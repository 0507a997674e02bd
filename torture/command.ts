import { parseOptions, type TortureOptions, USAGE, UsageError } from './options.ts';
import { runTorture } from './run.ts';
import { runServersTorture } from './servers-run.ts';
import { runSoak } from './soak/run.ts';
import { PatchError } from './source-copy.ts';
import { runTaskTorture } from './task-run.ts';

/**
 * The command: runs and prints, ending with the figures as one JSON object.
 *
 * @returns the exit code: 0 all checks passed, 1 a check failed, 2 the run could not be made
 */
export async function tortureCommand(
  args: readonly string[],
  print: (line: string) => void,
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
    if (error instanceof UsageError) print(`${error.message}\n${USAGE}`);
    else if (error instanceof PatchError)
      print(
        `the sources changed, a patch of torture/failpoints.ts or torture/sabotage.ts does not fit: ${error.message}`,
      );
    else print(String(error instanceof Error ? error.stack : error));
    return 2;
  }
}

function run(options: TortureOptions, print: (line: string) => void, interrupted: AbortSignal) {
  const { tasks, servers, soak } = options;
  if (soak !== null) return runSoak(options, soak, print, interrupted);
  if (servers !== null) return runServersTorture(options, servers, print, interrupted);
  if (tasks !== null) return runTaskTorture(options, tasks, print, interrupted);
  return runTorture(options, print, interrupted);
}
