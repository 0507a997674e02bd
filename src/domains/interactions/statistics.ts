import type { Scope } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { replicable } from '../../db/replicable.ts';

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

/** Figures over the turns of a scope: all of them, and those of the last 24 hours by model. */
export async function interactionStats(db: Database, scope: Scope): Promise<InteractionStats> {
  const owned = 'tenant_id = $1 and ($2::text is null or user_id = $2)';
  const values = [scope.tenantId, scope.userId];
  const [all, models] = await Promise.all([
    db.pool.query<Totals>({
      name: replicable('interaction_stats'),
      text: `select count(*)::int as total, count(*) filter (where recent)::int as recent,
               count(*) filter (where timestamp > now() - interval '1 hour')::int as hour,
               count(distinct conversation_id) filter (where recent)::int as conversations,
               coalesce(avg(processing_time) filter (where recent), 0) as average
             from (select *, timestamp > now() - interval '24 hours' as recent from echo_unified_interactions where ${owned}) t`,
      values,
    }),
    db.pool.query<OfModel>({
      name: replicable('interaction_stats_by_model'),
      text: `select model_used, count(*)::int as count, avg(processing_time) as average from echo_unified_interactions
             where ${owned} and timestamp > now() - interval '24 hours' group by model_used order by count desc, model_used`,
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
