import { ApproveRefund, type InvoicesData, RejectRefund } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { isMe } from '../../server/session.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { Tag, type Tone } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { Moment } from '../../view/time.tsx';
import { amountOf, plain } from '../../view/words.ts';

type Invoice = InvoicesData['paymentInvoices']['nodes'][number];
type Refund = Invoice['refunds'][number];

const TONES: Readonly<Record<Refund['state'], Tone>> = {
  ...{ WAITING: 'warn', REQUESTED: 'sea', SENT: 'sea', SUCCEEDED: 'good' },
  ...{ FAILED: 'bad', CANCELLED: 'quiet', REJECTED: 'quiet' },
};

/** What went back of an invoice, or is to. */
export function RefundLines({ invoice: { refunds }, again }: { invoice: Invoice; again: () => void }) {
  if (refunds.length === 0) return null;
  return (
    <ul class="plain" aria-label="Refunds">
      {refunds.map((refund) => (
        <RefundLine key={refund.refundId} refund={refund} again={again} />
      ))}
    </ul>
  );
}

function RefundLine({ refund, again }: { refund: Refund; again: () => void }) {
  const { refundId, amount, currency, state, reason, failure, createdAt, requestedBy } = refund;
  const { isBusy, act } = useAct();
  const name = `refund of ${amountOf(amount, currency)}`;
  const doing = (what: () => Promise<{ readonly refund: Pick<Refund, 'state'> }>) => () =>
    act(async () => {
      const { refund: now } = await what();
      again();
      return `The ${name}: ${plain(now.state)}.`;
    });
  return (
    <li>
      <span class="tags">
        A {name}
        <Moment at={createdAt} />
        <Tag tone={TONES[state]}>{state === 'WAITING' ? 'waits for a second admin' : plain(state)}</Tag>
        {reason && <Tag>{plain(reason)}</Tag>}
      </span>
      {failure && <div class="under">{failure}</div>}
      {state === 'WAITING' && (
        <div class="actions">
          {isMe(requestedBy) ? (
            <p class="under">You asked for it: another admin says yes.</p>
          ) : (
            <ConfirmButton
              label="Approve"
              title={`Approve the ${name}?`}
              isBusy={isBusy}
              onConfirm={doing(async () =>
                succeeded((await ask(ApproveRefund, { refundId })).approvePaymentRefund),
              )}
            >
              The money goes back then.
            </ConfirmButton>
          )}
          <button
            type="button"
            class="button"
            aria-disabled={isBusy}
            aria-label={`Reject the ${name}`}
            onClick={doing(async () =>
              succeeded((await ask(RejectRefund, { refundId })).rejectPaymentRefund),
            )}
          >
            Reject
          </button>
        </div>
      )}
    </li>
  );
}
