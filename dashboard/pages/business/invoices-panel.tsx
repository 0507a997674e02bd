import {
  ApproveInvoice,
  ChargeInvoice,
  Invoices,
  type InvoicesData,
  RejectInvoice,
  VoidInvoice,
} from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { succeeded } from '../../server/problem.ts';
import { isMe } from '../../server/session.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { asked, StateField } from '../../view/search-field.tsx';
import { Moment } from '../../view/time.tsx';
import { amountOf, plain } from '../../view/words.ts';
import { DisputeLines } from './disputes.tsx';
import { RefundLines } from './refunds.tsx';

type Invoice = InvoicesData['paymentInvoices']['nodes'][number];
type State = Invoice['state'];

const PAGE = 20;
const TONES: Readonly<Record<State, Tone>> = {
  ...{ WAITING: 'warn', REQUESTED: 'sea', OPEN: 'sea', PAID: 'good' },
  ...{ FAILED: 'bad', UNCOLLECTIBLE: 'bad', REJECTED: 'quiet', VOID: 'quiet' },
};
const STATES = Object.keys(TONES) as readonly State[];
const pageOf = ({ paymentInvoices }: InvoicesData) => connectionPage<Invoice>(paymentInvoices);

/** What money was asked for, and what became of it; what waits for a second admin is decided here. */
export function InvoicesPanel() {
  const state = (asked('state') || null) as State | null;
  const { items, problem, again, ...pages } = usePages(Invoices, { first: PAGE, state }, pageOf);
  return (
    <div class="stack">
      <div class="filters">
        <StateField name="state" states={STATES} />
      </div>
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={4} height={110} />}
      {items?.length === 0 && (
        <Empty title={state ? 'No invoice is like this.' : 'There is no invoice yet.'}>
          <code>createPaymentInvoice</code> makes one, where the operator has set <code>STRIPE_API_KEY</code>.
        </Empty>
      )}
      {items?.map((invoice) => (
        <InvoicePanel key={invoice.invoiceId} invoice={invoice} again={again} />
      ))}
      <More of={pages}>More invoices</More>
    </div>
  );
}

function InvoicePanel({ invoice, again }: InvoiceParts) {
  const { number, amount, currency, customer, state, collection, createdAt, note, failure, items } = invoice;
  const whose = customer?.name ?? customer?.customerId ?? 'a customer who is forgotten';
  const name = `${amountOf(amount, currency)}, ${whose}`;
  return (
    <Panel
      title={name}
      note={
        <span class="tags">
          <Moment at={createdAt} />
          <Tag tone={TONES[state]}>{state === 'WAITING' ? 'waits for a second admin' : plain(state)}</Tag>
          <Tag>{collection === 'CHARGE' ? 'charged' : 'sent by mail'}</Tag>
          {number && <Tag>{number}</Tag>}
        </span>
      }
    >
      <ul class="plain">
        {items.map((item, index) => (
          // Lines have no name of their own, and never change.
          <li key={index}>
            {item.description}: {amountOf(item.amount, currency)}
          </li>
        ))}
      </ul>
      {failure && <p class="under">{failure}</p>}
      {note && <p class="under">{note}</p>}
      <DisputeLines invoice={invoice} />
      <RefundLines invoice={invoice} again={again} />
      <Decide invoice={invoice} name={name} again={again} />
    </Panel>
  );
}
interface InvoiceParts {
  readonly invoice: Invoice;
  readonly again: () => void;
}

/** What an admin may do with an invoice as it stands. */
function Decide({ invoice, name, again }: InvoiceParts & { readonly name: string }) {
  const { invoiceId, state, requestedBy } = invoice;
  const { isBusy, act } = useAct();
  const doing = (what: () => Promise<{ readonly invoice: Pick<Invoice, 'state'> }>) => () =>
    act(async () => {
      const { invoice: now } = await what();
      again();
      return `${name}: ${plain(now.state)}.`;
    });
  const reject = doing(async () => succeeded((await ask(RejectInvoice, { invoiceId })).rejectPaymentInvoice));
  if (state === 'WAITING')
    return (
      <div class="actions">
        {isMe(requestedBy) ? (
          <p class="under">You asked for it: another admin says yes.</p>
        ) : (
          <ConfirmButton
            label="Approve"
            title={`Approve ${name}?`}
            isBusy={isBusy}
            onConfirm={doing(async () =>
              succeeded((await ask(ApproveInvoice, { invoiceId })).approvePaymentInvoice),
            )}
          >
            It is {invoice.collection === 'CHARGE' ? 'charged' : 'sent'} then.
          </ConfirmButton>
        )}
        <button type="button" class="button" aria-disabled={isBusy} onClick={reject}>
          Reject
        </button>
      </div>
    );
  if (state !== 'OPEN') return null;
  return (
    <div class="actions">
      {invoice.collection === 'CHARGE' && (
        <ConfirmButton
          label="Charge again"
          title={`Charge ${name} again?`}
          isBusy={isBusy}
          onConfirm={doing(async () =>
            succeeded((await ask(ChargeInvoice, { invoiceId })).chargePaymentInvoice),
          )}
        >
          The last charge was declined{invoice.failure ? `: ${invoice.failure}` : '.'}
        </ConfirmButton>
      )}
      <ConfirmButton
        label="Void"
        title={`Make ${name} void?`}
        isBusy={isBusy}
        onConfirm={doing(async () => succeeded((await ask(VoidInvoice, { invoiceId })).voidPaymentInvoice))}
      >
        Nobody can pay it any more.
      </ConfirmButton>
    </div>
  );
}
