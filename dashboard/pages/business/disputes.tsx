import type { InvoicesData } from '../../operations.ts';
import { Tag, type Tone } from '../../view/parts.tsx';
import { Moment } from '../../view/time.tsx';
import { amountOf, plain } from '../../view/words.ts';

type Invoice = InvoicesData['paymentInvoices']['nodes'][number];
type Dispute = Invoice['disputes'][number];

/** Those that wait for evidence are `warn`. */
const TONES: Readonly<Record<Dispute['state'], Tone>> = {
  ...{ INQUIRY_NEEDS_RESPONSE: 'warn', NEEDS_RESPONSE: 'warn', APPEAL_NEEDS_RESPONSE: 'warn', OTHER: 'warn' },
  ...{ INQUIRY_UNDER_REVIEW: 'sea', UNDER_REVIEW: 'sea', APPEAL_UNDER_REVIEW: 'sea' },
  ...{ INQUIRY_CLOSED: 'quiet', PREVENTED: 'quiet', WON: 'good', LOST: 'bad' },
};

/** What the customer's bank takes back of an invoice, or asks about. Evidence is sent in the dashboard of Stripe. */
export function DisputeLines({ invoice: { disputes } }: { invoice: Invoice }) {
  if (disputes.length === 0) return null;
  return (
    <ul class="plain" aria-label="Disputes">
      {disputes.map((dispute) => (
        <DisputeLine key={dispute.stripeId} dispute={dispute} />
      ))}
    </ul>
  );
}

function DisputeLine({ dispute }: { dispute: Dispute }) {
  const { stripeId, amount, currency, taken, state, reason, dueAt, openedAt } = dispute;
  return (
    <li>
      <span class="tags">
        A dispute of {amountOf(amount, currency)}
        <Moment at={openedAt} />
        <Tag tone={TONES[state]}>{plain(state)}</Tag>
        <Tag>{plain(reason)}</Tag>
      </span>
      <div class="under">
        {taken > 0 ? `The bank holds ${amountOf(taken, currency)}. ` : 'The bank holds nothing of it. '}
        {TONES[state] === 'warn' && dueAt && (
          <>
            Send evidence in the dashboard of Stripe until <Moment at={dueAt} />.{' '}
          </>
        )}
        <code>{stripeId}</code>
      </div>
    </li>
  );
}
