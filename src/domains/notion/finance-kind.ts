import { SERVER_TENANT } from '../../events/event.ts';
import type { MirroredKind } from './kind.ts';

/** Days that are added up. */
const DAYS = 8;
const day = "to_char(f.day at time zone 'UTC', 'YYYY-MM-DD')";
const counted = (metric: string) => `sum((e.value->>'s')::numeric) filter (where e.key ~ '^${metric}({|$)')`;

/** By currency, in its smallest unit, of all tenants. */
const REVENUE = `(select string_agg(r.net || ' ' || r.currency, ', ' order by r.currency) from
  (select l.currency, sum(l.amount - l.fee) as net from payment_ledger l
   where l.day = (f.day at time zone 'UTC')::date group by l.currency) r)`;

/** What a day cost, as all servers counted it: one page a day of UTC, up to the last hour that is over. */
export const finance: MirroredKind = {
  name: 'finance',
  words: 'What a day cost and brought.',
  everyMs: 300_000,
  fields: [
    { name: 'title', form: 'text', words: 'the day', usual: 'Name', sql: day },
    { name: 'externalId', form: 'text', words: 'the day', usual: 'External ID', sql: day },
    { name: 'date', form: 'day', words: 'the day, of UTC', usual: 'Date', sql: day },
    {
      name: 'modelCost',
      form: 'number',
      words: 'what answers of models cost, in the currency of LLM_PRICES',
      usual: 'Model cost',
      sql: 'round(f.cost, 6)',
    },
    {
      name: 'tokens',
      form: 'number',
      words: 'tokens that models read and wrote for answers',
      usual: 'Tokens',
      sql: 'f.tokens',
    },
    { name: 'answers', form: 'number', words: 'answered queries', usual: 'Answers', sql: 'f.answers' },
    {
      name: 'revenue',
      form: 'text',
      words: 'what Stripe booked, less refunds and fees, in the smallest unit of each currency',
      usual: 'Revenue',
      sql: REVENUE,
    },
    { name: 'turns', form: 'number', words: 'turns stored', usual: 'Turns', sql: 'f.turns' },
  ],
  from: `(select date_trunc('day', m.at, 'UTC') as day, ${counted('echo_model_cost_total')} as cost,
      ${counted('echo_model_tokens_total')} as tokens, ${counted('echo_answers_total')} as answers,
      ${counted('echo_turns_stored_total')} as turns
    from echo_metric_hours m cross join lateral jsonb_each(m.rollups) e
    where m.at >= date_trunc('day', now(), 'UTC') - interval '${DAYS} days' group by 1) f`,
  externalId: day,
  place: 'extract(epoch from f.day)',
  tenantId: `'${SERVER_TENANT}'`,
  userId: 'null::text',
  recent: 'true',
  over: "f.day < date_trunc('day', now(), 'UTC') - interval '1 hour'",
  byId: (id) => `${day} = ${id}`,
  held: null,
};
