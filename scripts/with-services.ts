import type { Services } from '../src/graphql/context.ts';
import type { WithServices } from '../src/ground/command.ts';

/** The parts of a server, loaded when a command has been understood. */
export const withServices: WithServices<Services> = async (work) => {
  const app = await import('../src/app.ts');
  return app.withServices(work);
};
