import { flushCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { PRODUCT } from '../../src/lists/product.ts';
import { createLogger } from '../../src/log.ts';
import { effectJobs } from './effect-jobs.ts';
import { slotJobs } from './slot-jobs.ts';

/** A server with jobs that tests count effects of, as a process of its own; killed and stopped by them. */
const { values } = parseArgs({
  options: {
    directory: { type: 'string' },
    database: { type: 'string' },
    repair: { type: 'string' },
    // The minute at which jobs of the test run by themselves; absent: it has none.
    slots: { type: 'string' },
    // Folders of media; absent: there are none.
    media: { type: 'string' },
    // Where a ComfyUI is; absent: there is none.
    comfyui: { type: 'string' },
    // A program that is called as ffmpeg.
    ffmpeg: { type: 'string' },
    // Further settings, each as NAME=VALUE.
    set: { type: 'string', multiple: true, default: [] },
  },
});
const environment = {
  ...{ PORT: '0', SEED: 'off', LOG_LEVEL: 'silent', CANARY_INTERVAL_MS: '0', TASK_WORKERS: '4' },
  ...{ DATA_DIR: values.directory, DATABASE_URL: values.database, REPAIR: values.repair },
  ...{ MEDIA_ROOTS: values.media, MEDIA_WORKERS: '2' },
  ...{ COMFYUI_URL: values.comfyui, COMFYUI_STALL_SECONDS: '5', FFMPEG_PATH: values.ffmpeg },
  ...Object.fromEntries(values.set.map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
};
const NOTHING = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { nothing: { type: GraphQLString } } }),
});
const config = readConfig(environment, values.directory);
const app = await createApp(config, createLogger('silent', 2), {
  migrate: false,
  lists: {
    ...PRODUCT,
    // Nobody asks it: to make the whole schema takes a quarter of a start.
    schema: () => NOTHING,
    jobs: [...PRODUCT.jobs, ...effectJobs, ...(values.slots ? slotJobs(Number(values.slots)) : [])],
  },
});
const url = await app.listen();
// Whoever is killed keeps nothing of what it compiled, and the next one would do it again.
flushCompileCache();
process.stdout.write(`${url}\n`);
