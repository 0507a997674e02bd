import type { Database } from '../../db/client.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { factsOfRun } from '../facts/reads.ts';
import type { FactCategory, FactRow } from '../facts/tables.ts';

/** As `POST /api/articles` takes it. */
export interface Article {
  readonly title: string;
  readonly content: string;
  readonly category: 'echo_learning';
  readonly tags: readonly string[];
}

/** Facts of one article; the others are counted. */
const MAX_FACTS = 500;

/** What a run of learning found of one category and still holds; null: nothing does. */
export async function articleOf(db: Database, delivery: DeliveryRow): Promise<Article | null> {
  const { tenantId, userId, createdAt } = delivery;
  const runId = String(delivery.payload.runId);
  const category = String(delivery.payload.category) as FactCategory;
  const owner = { tenantId, userId: userId ?? '' };
  const facts = await factsOfRun(db, owner, runId, category, MAX_FACTS + 1);
  if (facts.length === 0) return null;
  const name = category.toLowerCase();
  const rest = facts.length > MAX_FACTS ? ['- …'] : [];
  return {
    title: `Learned of ${owner.userId} (${name}), ${day(createdAt)}`,
    content: [...facts.slice(0, MAX_FACTS).map(lineOf), ...rest].join('\n'),
    category: 'echo_learning',
    tags: ['echo-brain', name, `user:${owner.userId}`, `run:${runId}`],
  };
}

const lineOf = ({ statement, firstSaidAt }: FactRow) => `- ${statement} (said on ${day(firstSaidAt)})`;
const day = (at: Date) => at.toISOString().slice(0, 10);
