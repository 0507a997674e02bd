import { Evaluations, type EvaluationsData, type TaskStatus } from '../../operations.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, StateField } from '../../view/search-field.tsx';
import { Ago } from '../../view/time.tsx';
import { counted, decimal, millis, percent } from '../../view/words.ts';
import { useTasks } from '../studio/follow-tasks.ts';
import { TaskState } from '../tasks/actions.tsx';

type Run = EvaluationsData['tasks']['nodes'][number];

/** What is shown of the report that the task keeps. */
interface Report {
  readonly questions: number;
  readonly turnsGone: number;
  readonly degraded: number;
  readonly recall: Readonly<Record<string, number>>;
  readonly mrr: number;
  readonly ndcg: number;
  readonly milliseconds: { readonly p50: number; readonly p95: number };
  readonly missed: readonly { readonly question: string }[];
  readonly configuration: { readonly hash: string; readonly vectors: string | null };
  readonly before: {
    readonly changes: { readonly recall: Readonly<Record<string, number>>; readonly mrr: number };
  } | null;
}

const TYPE = 'evaluate_memory';
const KINDS = [TYPE];
const PAGE = 10;
const STATES: readonly TaskStatus[] = ['COMPLETED', 'RUNNING', 'PENDING', 'FAILED', 'CANCELLED'];
const pageOf = ({ tasks }: EvaluationsData) => connectionPage<Run>(tasks);

/** How much of what is known to be there was found, each time that somebody looked. */
export function EvaluationsPanel() {
  const status = (asked('status') || null) as TaskStatus | null;
  const pages = usePages(Evaluations, { first: PAGE, filter: { type: TYPE, status } }, pageOf);
  const { items, problem, again } = pages;
  useTasks(() => false, again, KINDS);
  return (
    <div class="stack">
      <div class="filters">
        <StateField states={STATES} />
      </div>
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={3} height={150} />}
      {items?.length === 0 && (
        <Empty title={status ? 'No evaluation is like this.' : 'Nobody has evaluated the search yet.'}>
          <code>evaluateMemory</code> asks questions whose answers are known, and counts what is found.
        </Empty>
      )}
      {items?.map((run) => (
        <RunPanel key={run.taskId} run={run} />
      ))}
      <More of={pages}>More evaluations</More>
    </div>
  );
}

function RunPanel({ run }: { run: Run }) {
  const report = run.result as Report | null;
  return (
    <Panel
      title={report ? counted(report.questions, 'question') : run.name}
      note={
        <span class="tags">
          <Ago at={run.createdAt} /> by {run.createdBy}
          <TaskState task={run} />
          <a href={hrefOf(['tasks', 'task', run.taskId])}>Its task, with the whole report</a>
        </span>
      }
    >
      {run.error && (
        <div class="notice" data-tone="bad">
          <p class="words">{run.error}</p>
        </div>
      )}
      {report && <Scores report={report} />}
    </Panel>
  );
}

function Scores({ report }: { report: Report }) {
  const { recall, mrr, ndcg, milliseconds, before, missed, turnsGone, degraded, configuration } = report;
  const figures = [
    ...['5', '10', '20', '50'].map(
      (depth) => [`Recall at ${depth}`, percent(recall[depth] ?? 0), before?.changes.recall[depth]] as const,
    ),
    ['MRR', decimalShare(mrr), before?.changes.mrr] as const,
    ['nDCG at 10', decimalShare(ndcg), undefined] as const,
    ['95 % answered within', millis(milliseconds.p95), undefined] as const,
  ];
  return (
    <>
      <dl class="tiles small">
        {figures.map(([name, value, change]) => (
          <div
            key={name}
            class="tile"
            data-tone={change === undefined || change === 0 ? 'quiet' : change > 0 ? 'good' : 'bad'}
          >
            <dt>{name}</dt>
            <dd class="value">{value}</dd>
            {change !== undefined && change !== 0 && (
              <dd class="under">
                {change > 0 ? '+' : '−'}
                {decimal(Math.abs(change) * 100)} points since the last
              </dd>
            )}
          </div>
        ))}
      </dl>
      <p class="under">
        Searched {configuration.vectors ? `by words and ${configuration.vectors}` : 'by words alone'}{' '}
        (configuration {configuration.hash})
        {turnsGone > 0 && `; ${counted(turnsGone, 'turn')} of the set ${turnsGone === 1 ? 'is' : 'are'} gone`}
        {degraded > 0 && `; ${counted(degraded, 'search', 'searches')} without all parts`}
      </p>
      {missed.length > 0 && (
        <details>
          <summary>{counted(missed.length, 'question')} of which most was missed</summary>
          <ul>
            {missed.map(({ question }) => (
              <li key={question} class="words">
                {question}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const decimalShare = (share: number) => share.toFixed(2);
