import type { Availability } from '../../db/availability.ts';
import { type Asker, type Bound, defineAlert, definePromise, type Standing } from '../../ground/promise.ts';
import type { Books, PaymentDesk } from './desk.ts';

interface Parts {
  readonly availability: Availability;
  readonly paymentDesk: PaymentDesk | null;
}

const HOUR_MS = 3_600_000;
const AGE: Bound = { of: 'time since the latest reconciliation', limit: 172_800, unit: 'seconds' };

const paymentDifferences = defineAlert<string>({
  name: 'payment_differences',
  severity: 'CRITICAL',
  words: 'Our books and those of Stripe do not say the same; or nobody has compared them for too long.',
  message: (detail) => detail,
});

export const payments = definePromise<Parts>({
  name: 'payments',
  words: 'Each payment, refund and dispute stands in our books as Stripe booked it.',
  bounds: [AGE],
  check: checkBooks,
  alert: paymentDifferences,
});

const paymentDisputes = defineAlert<string>({
  name: 'payment_disputes',
  severity: 'WARNING',
  words: 'A bank takes a payment back, or asks about one, and waits for evidence.',
  message: (detail) => detail,
});

export const disputes = definePromise<Parts>({
  name: 'disputes',
  words: 'Each dispute of a payment is answered before it is too late.',
  check: checkDisputes,
  alert: paymentDisputes,
});

async function checkDisputes(parts: Parts, asker: Asker): Promise<Standing | null> {
  const books = await booksOf(parts, asker);
  if (!books) return null;
  const { unanswered, dueAt } = books;
  if (unanswered === 0) return { status: 'HEALTHY', latencyMs: null, detail: 'none waits for evidence' };
  const until = dueAt === null ? '' : `, the first until ${dueAt.toISOString()}`;
  const what = unanswered === 1 ? '1 dispute waits' : `${unanswered} disputes wait`;
  return { status: 'DEGRADED', latencyMs: null, detail: `${what} for evidence${until}` };
}

async function checkBooks(parts: Parts, asker: Asker): Promise<Standing | null> {
  const books = await booksOf(parts, asker);
  if (!books) return null;
  const { open, kinds, reconciledAt } = books;
  // A server that takes payments since today has compared nothing yet.
  const isOld = reconciledAt !== null && Date.now() - reconciledAt.getTime() > AGE.limit * 1_000;
  const problems = [
    ...(open > 0 ? [`${open} differences of our books and those of Stripe: ${kinds.join(', ')}`] : []),
    ...(isOld
      ? [
          `the latest reconciliation is ${Math.floor((Date.now() - reconciledAt.getTime()) / HOUR_MS)} hours ago`,
        ]
      : []),
  ];
  const detail =
    problems.join('; ') || `nothing differs; compared last ${reconciledAt?.toISOString() ?? 'never'}`;
  return { status: problems.length > 0 ? 'DEGRADED' : 'HEALTHY', latencyMs: null, detail };
}

/** Null: no payments are configured, or the database is away. */
async function booksOf({ availability, paymentDesk: desk }: Parts, asker: Asker): Promise<Books | null> {
  return desk === null ? null : availability.tolerate(() => desk.books(asker), null);
}
