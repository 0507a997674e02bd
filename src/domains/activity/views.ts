import type { Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { activityPage } from './reads.ts';

/** What the server did and met last, as far as a caller may see it; newest first. */
export function latestActivity(db: Pick<Database, 'pool'>, principal: Principal, limit: number) {
  return activityPage(db, principal, { after: null, before: null, limit, inverted: false });
}
