import { useState } from 'preact/hooks';
import { Differences, type DifferencesData, ResolveDifference } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { succeeded } from '../../server/problem.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { asked, ChoiceField } from '../../view/search-field.tsx';
import { Table } from '../../view/table.tsx';
import { Moment } from '../../view/time.tsx';
import { titled } from '../../view/words.ts';

type Difference = DifferencesData['paymentDifferences']['nodes'][number];

const PAGE = 50;
const pageOf = ({ paymentDifferences }: DifferencesData) => connectionPage<Difference>(paymentDifferences);

/** Where the books differ from Stripe's, and what was done about it. */
export function DifferencesPanel() {
  const open = asked('which') === 'all' ? null : true;
  const { items, problem, again, ...pages } = usePages(Differences, { first: PAGE, open }, pageOf);
  return (
    <>
      <div class="filters">
        <ChoiceField
          name="which"
          label="Which"
          choices={[
            ['', 'Open'],
            ['all', 'All'],
          ]}
        />
      </div>
      <Panel
        title="Differences"
        note="From Stripe's books, found each night; the books are never changed to fit"
      >
        <Problem problem={problem} again={again} />
        {items === null && !problem && <Hollow rows={3} />}
        {items?.length === 0 && <Empty title="The books and those of Stripe are alike." />}
        {items && items.length > 0 && (
          <Table headings={['What', 'Here', 'At Stripe', 'Found', 'Done about it']}>
            {items.map((difference) => (
              <Row key={difference.differenceId} difference={difference} again={again} />
            ))}
          </Table>
        )}
        <More of={pages}>More differences</More>
      </Panel>
    </>
  );
}

function Row({ difference, again }: { difference: Difference; again: () => void }) {
  const { kind, stripeId, ours, theirs, foundAt, note, resolvedAt, resolvedBy } = difference;
  return (
    <tr>
      <td data-label="">
        <Tag tone={resolvedAt ? 'quiet' : 'bad'}>{titled(kind)}</Tag>
        <div class="under">
          <code>{stripeId}</code>
        </div>
      </td>
      <td data-label="Here">{ours ?? '–'}</td>
      <td data-label="At Stripe">{theirs ?? '–'}</td>
      <td data-label="Found">
        <Moment at={foundAt} />
      </td>
      <td data-label="Done about it">
        {resolvedAt ? (
          <>
            {note}
            <div class="under">
              {resolvedBy}, <Moment at={resolvedAt} />
            </div>
          </>
        ) : (
          <Resolve difference={difference} again={again} />
        )}
      </td>
    </tr>
  );
}

function Resolve({
  difference: { differenceId, stripeId },
  again,
}: {
  difference: Difference;
  again: () => void;
}) {
  const [note, setNote] = useState('');
  const { isBusy, act } = useAct();
  const submit = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      succeeded((await ask(ResolveDifference, { differenceId, note })).resolvePaymentDifference);
      again();
      return `The difference of ${stripeId} is resolved.`;
    });
  };
  return (
    <form class="filters" onSubmit={submit}>
      <label class="field">
        What was done about {stripeId}
        <input
          value={note}
          required
          maxLength={2_000}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" aria-disabled={isBusy}>
        Resolve
      </button>
    </form>
  );
}
