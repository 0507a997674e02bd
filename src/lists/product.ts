import { openDomains } from './domains.ts';
import { doors } from './doors.ts';
import { DUTIES } from './duties.ts';
import { JOBS } from './jobs.ts';
import { promises } from './promises.ts';
import { wholeSchema } from './schema.ts';
import { SECTIONS } from './sections.ts';

/** Everything that a server is made of beside its ports. Whoever embeds the product adds own domains to the lists. */
export interface Lists {
  readonly duties: typeof DUTIES;
  readonly sections: typeof SECTIONS;
  readonly promises: typeof promises;
  readonly jobs: typeof JOBS;
  readonly schema: typeof wholeSchema;
  readonly doors: typeof doors;
  readonly openDomains: typeof openDomains;
}

/** What the product brings. */
export const PRODUCT: Lists = {
  duties: DUTIES,
  sections: SECTIONS,
  promises,
  jobs: JOBS,
  schema: wholeSchema,
  doors,
  openDomains,
};
