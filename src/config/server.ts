import { resolve } from 'node:path';
import { z } from 'zod';
import { oneOf, timeZone, wholeNumber } from './values.ts';

/** The server as a whole: where it listens, where its data are, what it begins with. */
export const settings = {
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).prefault('4000'),
  DATA_DIR: z.string().default('./data'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').prefault('info'),
  SEED: oneOf('on', 'off').prefault('on'),
  GRAPHIQL: oneOf('on', 'off').prefault('on'),
  MAX_CONTEXT_MESSAGES: wholeNumber(0, 100).prefault('6'),
  CONTEXT_TOKEN_BUDGET: wholeNumber(100, 1_000_000).prefault('4000'),
  DEFAULT_TIME_ZONE: timeZone.default('UTC'),
  DEFAULT_CREATOR: z.string().max(100, 'must be at most 100 characters').default('unknown'),
};
const Values = z.object(settings);

export function serverOf(values: z.output<typeof Values>, directory: string) {
  const { HOST, PORT } = values;
  return {
    host: HOST,
    port: PORT,
    /** Where the server is reached once it listens; with port 0 nobody knows beforehand. */
    url: `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${PORT}`,
    dataDirectory: resolve(directory, values.DATA_DIR),
    logLevel: values.LOG_LEVEL,
    seed: values.SEED === 'on',
    graphiql: values.GRAPHIQL === 'on',
    maxContextMessages: values.MAX_CONTEXT_MESSAGES,
    contextTokenBudget: values.CONTEXT_TOKEN_BUDGET,
    /** Of users who chose none. */
    defaultTimeZone: values.DEFAULT_TIME_ZONE,
    defaultCreator: values.DEFAULT_CREATOR,
  } as const;
}
