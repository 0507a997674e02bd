import { readFileSync } from 'node:fs';
import { builder } from '../../../src/graphql/builder.ts';
import { type Lists, PRODUCT } from '../../../src/lists/product.ts';
import './graphql.ts';
import { openWishes } from './parts.ts';
import { comingTrue } from './promises.ts';
import { wishSection } from './sections.ts';
import { duty } from './tables.ts';

const schema = builder.toSchema();

/** The product, with one domain more: the only place that knows both. */
export const WITH_WISHES: Lists = {
  ...PRODUCT,
  duties: [...PRODUCT.duties, duty],
  sections: [...PRODUCT.sections, wishSection],
  promises: [...PRODUCT.promises, comingTrue],
  schema: () => schema,
  openDomains: async (parts, closing) => ({
    ...(await PRODUCT.openDomains(parts, closing)),
    ...openWishes(parts, closing),
  }),
};

/** What its migration does. */
export const MIGRATION = readFileSync(new URL('migration.sql', import.meta.url), 'utf8');
