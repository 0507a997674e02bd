import { builder } from '../../graphql/builder.ts';
import { FactSourceRef } from '../facts/graphql.ts';
import { InsightRef } from './graphql.ts';
import { insightsByHash } from './reads.ts';

builder.objectFields(FactSourceRef, (t) => ({
  media: t.field({
    type: InsightRef,
    nullable: true,
    description: 'The picture that shows it; null: it was said in a turn, or entered by hand.',
    resolve: ({ fileHash, tenantId, userId }, _args, { loader, services }) => {
      if (fileHash === null) return null;
      const owner = { tenantId, userId };
      return loader({
        name: `media by hash ${JSON.stringify(owner)}`,
        load: (hashes: readonly string[]) => insightsByHash(services.db, owner, hashes),
        key: fileHash,
      });
    },
  }),
}));
