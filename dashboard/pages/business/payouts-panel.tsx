import { ApprovePayout, Payouts, type PayoutsData, RejectPayout } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { succeeded } from '../../server/problem.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { Table } from '../../view/table.tsx';
import { amountOf, decimal, plain } from '../../view/words.ts';

type Payout = PayoutsData['payoutReports']['nodes'][number];

const PAGE = 20;
const TONES: Readonly<Record<Payout['state'], Tone>> = {
  ...{ DRAFT: 'sea', WAITING: 'warn', APPROVED: 'good', REJECTED: 'quiet' },
};
const pageOf = ({ payoutReports }: PayoutsData) => connectionPage<Payout>(payoutReports);

/** What partners are owed for each month. No money moves from here. */
export function PayoutsPanel() {
  const { items, problem, again, ...pages } = usePages(Payouts, { first: PAGE }, pageOf);
  return (
    <Panel title="Owed to partners" note="Reports of each month; somebody pays elsewhere">
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={3} />}
      {items?.length === 0 && (
        <Empty title="There is no report yet.">
          They are made on the 2nd of each month, for the month before.
        </Empty>
      )}
      {items && items.length > 0 && (
        <Table headings={['Month', 'Partner', 'State', { figures: 'Owed' }]} hasActions>
          {items.map((payout) => (
            <Row key={payout.payoutId} payout={payout} again={again} />
          ))}
        </Table>
      )}
      <More of={pages}>More reports</More>
    </Panel>
  );
}

function Row({ payout, again }: { payout: Payout; again: () => void }) {
  const { month, partnerId, state, amount, base, held, rate, currency } = payout;
  return (
    <tr>
      <td data-label="">{month}</td>
      <td data-label="Partner">
        <code>{partnerId}</code>
      </td>
      <td data-label="State">
        <Tag tone={TONES[state]}>{state === 'WAITING' ? 'waits for a second admin' : plain(state)}</Tag>
      </td>
      <td class="number" data-label="Owed">
        {amountOf(amount, currency)}
        <div class="under">
          {decimal(rate / 100)} % of {amountOf(base, currency)}
          {held > 0 && `, ${amountOf(held, currency)} held`}
        </div>
      </td>
      <td data-label="">
        <Decide payout={payout} again={again} />
      </td>
    </tr>
  );
}

function Decide({ payout, again }: { payout: Payout; again: () => void }) {
  const { payoutId, partnerId, month, amount, currency, state } = payout;
  const { isBusy, act } = useAct();
  if (state === 'APPROVED' || state === 'REJECTED') return null;
  const name = `${amountOf(amount, currency)} to ${partnerId} for ${month}`;
  const approve = () =>
    act(async () => {
      const { report } = succeeded((await ask(ApprovePayout, { payoutId, amount })).approvePayoutReport);
      again();
      return report.state === 'WAITING'
        ? `${name}: a second admin has to say yes, too.`
        : `${name}: approved.`;
    });
  const reject = () =>
    act(async () => {
      succeeded((await ask(RejectPayout, { payoutId })).rejectPayoutReport);
      again();
      return `${name}: rejected.`;
    });
  return (
    <div class="actions">
      <ConfirmButton label="Approve" title={`Approve ${name}?`} isBusy={isBusy} onConfirm={approve}>
        What is approved is final. The report is made anew first; if it comes to another amount by now,
        nothing is approved.
      </ConfirmButton>
      <button
        type="button"
        class="button"
        aria-disabled={isBusy}
        aria-label={`Reject ${name}`}
        onClick={reject}
      >
        Reject
      </button>
    </div>
  );
}
