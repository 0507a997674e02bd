import { Audit, AuditChain, type AuditData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { Table } from '../../view/table.tsx';
import { Moment } from '../../view/time.tsx';
import { counted, plain } from '../../view/words.ts';

type Entry = AuditData['auditLog']['entries'][number];

const PAGE = 100;
const HEADINGS = ['At', 'Who', 'What', 'On', 'Result', 'From'];
const pageOf = ({ auditLog }: AuditData) => ({ items: auditLog.entries, next: auditLog.next });

/** Who did what, and whether the log is whole. */
export function AuditPanel() {
  const pages = usePages<Entry, AuditData, { first: number; after?: string | null }>(
    Audit,
    { first: PAGE },
    pageOf,
  );
  const { items, problem, again } = pages;
  return (
    <Panel title="Audit log, the oldest first" note={<Chain />}>
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={6} />}
      {items?.length === 0 && (
        <Empty title="Nothing was written yet.">
          Every write and every refusal is told here within a second.
        </Empty>
      )}
      {items && items.length > 0 && (
        <Table headings={HEADINGS}>
          {items.map((entry) => (
            <Row key={entry.id} entry={entry} />
          ))}
        </Table>
      )}
      <More of={pages}>More entries</More>
    </Panel>
  );
}

function Row({ entry }: { entry: Entry }) {
  const { at, actor, onBehalfOf, action, target, result, address } = entry;
  return (
    <tr>
      <td data-label="At">
        <Moment at={at} />
      </td>
      <td data-label="Who">
        {actor ?? '–'}
        {onBehalfOf && onBehalfOf !== actor && <span class="under"> for {onBehalfOf}</span>}
      </td>
      <td data-label="What">{action}</td>
      <td data-label="On" class="words">
        {target ?? '–'}
      </td>
      <td data-label="Result">{result === 'OK' ? 'ok' : <Tag tone="warn">{plain(result)}</Tag>}</td>
      <td data-label="From">{address ?? '–'}</td>
    </tr>
  );
}

function Chain() {
  const { data, isLoading, again } = useAnswer(AuditChain, {});
  const chain = data?.verifyAudit;
  const isWhole = chain && chain.broken.length === 0 && chain.wrongNames === 0;
  return (
    <span class="tags">
      {!chain && <Tag>{isLoading ? 'chain: looking' : 'chain: not known'}</Tag>}
      {chain && (
        <Tag tone={isWhole ? 'good' : 'bad'}>
          {isWhole
            ? `chain intact: ${counted(chain.rows, 'row')}`
            : `chain broken at ${counted(chain.broken.length, 'place')}`}
        </Tag>
      )}
      <button type="button" class="button" data-kind="bare" aria-disabled={isLoading} onClick={again}>
        Verify
      </button>
    </span>
  );
}
