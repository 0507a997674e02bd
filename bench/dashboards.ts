import { parseArgs } from 'node:util';
import { runScript } from '../scripts/run-script.ts';
import { EXIT, runCommand } from '../src/ground/command.ts';

const USAGE = `usage: npm run bench:dashboards -- [--viewers 300] [--seconds 60] [--turns 1] [--port 4331]
Opens so many dashboards (page Now) of a server that npm start runs, each with a socket and the questions of its own, ten of each user, while so
many turns a second are stored, for so many seconds; before that none, and one. Says what they cost the server and its database,
and fails where a dashboard missed a turn or got one twice.`;

/** Measures what open dashboards cost a server. */
await runScript((args, print) =>
  runCommand(USAGE, args, print, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        viewers: { type: 'string', default: '300' },
        seconds: { type: 'string', default: '60' },
        turns: { type: 'string', default: '1' },
        port: { type: 'string', default: '4331' },
      },
    });
    const { benchDashboards } = await import('./dashboards/run.ts');
    await benchDashboards(values, print);
    return EXIT.done;
  }),
);
