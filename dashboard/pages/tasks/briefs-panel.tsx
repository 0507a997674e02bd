import { useState } from 'preact/hooks';
import {
  ApproveBrief,
  type BriefStatus,
  Briefs,
  type BriefsData,
  EditBrief,
  RejectBrief,
} from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { succeeded } from '../../server/problem.ts';
import { may } from '../../server/session.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { useAct } from '../../view/saying.tsx';
import { asked, StateField } from '../../view/search-field.tsx';
import { Ago } from '../../view/time.tsx';
import { plain } from '../../view/words.ts';

type Brief = BriefsData['briefs']['nodes'][number];

const PAGE = 20;
const STATES: readonly BriefStatus[] = [
  ...([
    'NEEDS_REVIEW',
    'PASSED',
    'APPROVED',
    'REJECTED',
    'QUEUED',
    'RUNNING',
    'FAILED',
    'CANCELLED',
  ] as const),
];
const TONES: Readonly<Record<BriefStatus, Tone>> = {
  ...{ QUEUED: 'quiet', RUNNING: 'sea', PASSED: 'good', APPROVED: 'good' },
  ...{ NEEDS_REVIEW: 'warn', REJECTED: 'quiet', FAILED: 'bad', CANCELLED: 'quiet' },
};
/** Of which a person may decide, again, too. */
const DECIDED: readonly BriefStatus[] = ['PASSED', 'NEEDS_REVIEW', 'APPROVED', 'REJECTED'];
const pageOf = ({ briefs }: BriefsData) => connectionPage<Brief>(briefs);

/** Texts that one model wrote and another judged, and what people decide of them. */
export function BriefsPanel() {
  const status = (asked('status') || null) as BriefStatus | null;
  const { items, problem, again, replace, ...pages } = usePages(Briefs, { first: PAGE, status }, pageOf);
  const put = (brief: Brief) =>
    replace((before) => before.map((each) => (each.briefId === brief.briefId ? brief : each)));
  return (
    <div class="stack">
      <div class="filters">
        <StateField states={STATES} />
      </div>
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={4} height={120} />}
      {items?.length === 0 && (
        <Empty title={status ? 'No brief is like this.' : 'There is no brief yet.'}>
          <code>submitBrief</code> has a text written and judged, where the operator has named two models for
          that.
        </Empty>
      )}
      {items?.map((brief) => (
        <BriefPanel key={brief.briefId} brief={brief} put={put} />
      ))}
      <More of={pages}>More briefs</More>
    </div>
  );
}

function BriefPanel({ brief, put }: { brief: Brief; put: (brief: Brief) => void }) {
  const { title, text, output, status, reviewReason, note, error, createdAt } = brief;
  const [isEdited, setEdited] = useState(false);
  const name = title ?? text.slice(0, 60);
  return (
    <Panel
      title={name}
      note={
        <span class="tags">
          <Ago at={createdAt} />
          <Tag tone={TONES[status]}>{plain(status)}</Tag>
          {reviewReason && <Tag>{plain(reviewReason)}</Tag>}
        </span>
      }
    >
      <p class="soft words">{text}</p>
      {isEdited ? (
        <EditForm brief={brief} put={put} close={() => setEdited(false)} />
      ) : (
        <p class="words">{output ?? 'There is no text yet.'}</p>
      )}
      <Scores brief={brief} />
      {note && <p class="under">{note}</p>}
      {error && <p class="under">{error}</p>}
      {may('WRITE') && DECIDED.includes(status) && !isEdited && (
        <Decide brief={brief} name={name} put={put} edit={() => setEdited(true)} />
      )}
    </Panel>
  );
}

/** How the text that was chosen was judged; a person's is not. */
function Scores({ brief: { attempts, chosenAttempt } }: { brief: Brief }) {
  const judging = attempts.find(({ number }) => number === chosenAttempt)?.judging;
  if (!judging || judging.average === null) return null;
  const { clarity, accuracy, completeness, tone, average, critique } = judging;
  const scores = {
    Mean: Math.round(average),
    Clarity: clarity,
    Accuracy: accuracy,
    Completeness: completeness,
    Tone: tone,
  };
  return (
    <>
      <dl class="tiles small">
        {Object.entries(scores).map(([name, score]) => (
          <div key={name} class="tile" data-tone="quiet">
            <dt>{name}</dt>
            <dd class="value">{score}</dd>
          </div>
        ))}
      </dl>
      {critique && <p class="under words">{critique}</p>}
    </>
  );
}

function Decide({ brief, name, put, edit }: DecideParts) {
  const { briefId, output, status } = brief;
  const { isBusy, act } = useAct();
  const decide = (isGood: boolean) =>
    act(async () => {
      const { brief: now } = isGood
        ? succeeded((await ask(ApproveBrief, { briefId })).approveBrief)
        : succeeded((await ask(RejectBrief, { briefId })).rejectBrief);
      put(now);
      return `${name} is ${plain(now.status)}.`;
    });
  return (
    <div class="actions">
      {status !== 'APPROVED' && output !== null && (
        <button
          type="button"
          class="button"
          data-kind="first"
          aria-disabled={isBusy}
          aria-label={`Approve ${name}`}
          onClick={() => decide(true)}
        >
          Approve
        </button>
      )}
      {status !== 'REJECTED' && (
        <button
          type="button"
          class="button"
          aria-disabled={isBusy}
          aria-label={`Reject ${name}`}
          onClick={() => decide(false)}
        >
          Reject
        </button>
      )}
      <button type="button" class="button" aria-label={`Edit ${name}`} onClick={edit}>
        Edit
      </button>
    </div>
  );
}
interface DecideParts {
  readonly brief: Brief;
  readonly name: string;
  readonly put: (brief: Brief) => void;
  readonly edit: () => void;
}

function EditForm({ brief, put, close }: { brief: Brief; put: (brief: Brief) => void; close: () => void }) {
  const { briefId } = brief;
  const [output, setOutput] = useState(brief.output ?? '');
  const { isBusy, act } = useAct();
  const submit = (event: Event) => {
    event.preventDefault();
    void act(async () => {
      put(succeeded((await ask(EditBrief, { input: { briefId, output } })).editBrief).brief);
      close();
      return 'The text is changed; the earlier ones are kept.';
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field">
        Text
        <textarea
          value={output}
          rows={8}
          maxLength={12_000}
          required
          onInput={(event) => setOutput(event.currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button type="submit" class="button" data-kind="first" aria-disabled={isBusy}>
          Keep this text
        </button>
        <button type="button" class="button" onClick={close}>
          Leave it
        </button>
      </div>
    </form>
  );
}
