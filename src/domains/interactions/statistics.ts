import type { Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';
import { COUNTED_TURNS } from '../conversations/tables.ts';

export interface InteractionStats {
  readonly total: number;
  readonly last24Hours: number;
  readonly lastHour: number;
  readonly conversations24Hours: number;
  /** Seconds; 0 without turns. */
  readonly averageProcessingTime: number;
  readonly models: readonly { model: string; count: number; averageProcessingTime: number }[];
}

type Totals = { total: number; recent: number; hour: number; conversations: number; average: number };
type OfModel = { model_used: string; count: number; average: number };

/** No turn is stored before it was said, but clocks of servers may be some minutes apart. */
const STORED_SINCE = "created_at > now() - interval '25 hours'";

/**
 * Figures over the turns of a scope: all of them, and those of the last 24 hours by model. All of them are counted by their
 * conversations, whose number is a small part of theirs.
 */
export async function interactionStats(db: Database, scope: Scope): Promise<InteractionStats> {
  const owned = 'tenant_id = $1 and ($2::text is null or user_id = $2)';
  const values = [scope.tenantId, scope.userId];
  const recent = `from echo_unified_interactions where ${owned} and timestamp > now() - interval '24 hours' and ${STORED_SINCE}`;
  const [all, models] = await Promise.all([
    db.pool.query<Totals>({
      name: replicable('interaction_stats'),
      text: `select (select ${COUNTED_TURNS}::int from echo_conversations where ${owned}) as total,
               count(*)::int as recent,
               count(*) filter (where timestamp > now() - interval '1 hour')::int as hour,
               count(distinct conversation_id)::int as conversations,
               coalesce(avg(processing_time), 0) as average
             ${recent}`,
      values,
    }),
    db.pool.query<OfModel>({
      name: replicable('interaction_stats_by_model'),
      text: `select model_used, count(*)::int as count, avg(processing_time) as average ${recent}
             group by model_used order by count desc, model_used`,
      values,
    }),
  ]);
  const [row] = all.rows;
  return {
    total: row?.total ?? 0,
    last24Hours: row?.recent ?? 0,
    lastHour: row?.hour ?? 0,
    conversations24Hours: row?.conversations ?? 0,
    averageProcessingTime: row?.average ?? 0,
    models: models.rows.map((model) => ({
      model: model.model_used,
      count: model.count,
      averageProcessingTime: model.average,
    })),
  };
}
