import { Fragment } from 'preact';
import {
  ProjectShown,
  type ProjectShownData,
  type SegmentStatus,
  type TaskStatus,
} from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Empty, Hollow, Page, Panel, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { Table } from '../../view/table.tsx';
import { Moment } from '../../view/time.tsx';
import { bytes, counted, plain, span } from '../../view/words.ts';
import { Picture } from './drawings-panel.tsx';
import { useTasks } from './follow-tasks.ts';

type Shown = NonNullable<ProjectShownData['project']>;

const KINDS = ['generate_image', 'assemble_video'];
const TONES: Readonly<Record<SegmentStatus | TaskStatus, Tone>> = {
  ...{ PLANNED: 'quiet', QUEUED: 'quiet', DRAWING: 'sea', DRAWN: 'good', FAILED: 'bad', CANCELLED: 'quiet' },
  ...{ PENDING: 'quiet', RUNNING: 'sea', COMPLETED: 'good' },
};

/** One project: its segments in their order, the videos made of them, who appears, and what was decided. */
export function ProjectPage({ projectId }: { projectId: string }) {
  const { data, problem, again } = useAnswer(ProjectShown, { projectId });
  const shown = data?.project;
  const tasks = new Set(
    [...(shown?.segments ?? []), ...(shown?.assemblies.nodes ?? [])].map(({ taskId }) => taskId),
  );
  useTasks((taskId) => tasks.has(taskId), again, KINDS);
  return (
    <Page
      title={shown?.name ?? 'Project'}
      intro={shown?.description}
      actions={
        <a class="button" href={hrefOf(['studio', 'projects'])}>
          All projects
        </a>
      }
    >
      <Problem problem={problem} again={again} />
      {!data && !problem && <Hollow rows={3} height={120} />}
      {data && !shown && <Empty title="There is no such project.">It may belong to another user.</Empty>}
      {shown && (
        <div class="stack">
          {shown.deletedAt && (
            <p class="notice">
              It was deleted: <Moment at={shown.deletedAt} />
            </p>
          )}
          <Segments shown={shown} />
          <Videos shown={shown} />
          <div class="columns">
            <Who shown={shown} />
            <Decisions shown={shown} />
          </div>
        </div>
      )}
    </Page>
  );
}

function Segments({
  shown: { segments, durationSeconds, width, height, framesPerSecond },
}: {
  shown: Shown;
}) {
  return (
    <Panel
      title="Segments"
      note={`${span(durationSeconds)}, ${width} × ${height} pixels, ${framesPerSecond} pictures a second`}
    >
      {segments.length === 0 && (
        <Empty title="It has no segment yet.">
          <code>addSegment</code> adds one.
        </Empty>
      )}
      <ol class="grid">
        {segments.map(
          ({ segmentId, position, prompt, characterName, status, error, fileHash, ...segment }) => (
            <li key={segmentId} class="media-tile">
              <Picture hash={fileHash} size={256} />
              <span class="words">
                {position}. {prompt}
              </span>
              <span class="under">
                {characterName && `${characterName}, `}
                {span(segment.durationSeconds)}
              </span>
              <Tag tone={TONES[status]}>{plain(status)}</Tag>
              {error && <span class="under words">{error}</span>}
              {segment.taskId && <a href={hrefOf(['studio', 'picture', segment.taskId])}>How it was drawn</a>}
            </li>
          ),
        )}
      </ol>
    </Panel>
  );
}

function Videos({ shown }: { shown: Shown }) {
  const videos = shown.assemblies.nodes;
  return (
    <Panel title="Videos" note="What was asked for last first">
      {videos.length === 0 ? (
        <Empty title="No video was made of it yet." />
      ) : (
        <Table headings={['Asked for', 'State', 'Of', { figures: 'Size' }, 'Video']}>
          {videos.map(({ assemblyId, taskId, status, error, fileHash, fileSize, ...video }) => (
            <tr key={assemblyId}>
              <td data-label="Asked for">
                <Moment at={video.createdAt} />
              </td>
              <td data-label="State">
                {status && <Tag tone={TONES[status]}>{plain(status)}</Tag>}
                {error && <div class="under words">{error}</div>}
              </td>
              <td data-label="Of">
                {counted(video.segmentCount, 'segment')}, {span(video.durationSeconds)}
              </td>
              <td data-label="Size" class="number">
                {fileSize === null ? '–' : bytes(fileSize)}
              </td>
              <td data-label="Video">
                {fileHash ? (
                  <a href={hrefOf(['media', 'picture', fileHash])}>What is known of it</a>
                ) : (
                  <a href={hrefOf(['tasks', 'task', taskId])}>Its task</a>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Who({ shown: { characters } }: { shown: Shown }) {
  return (
    <Panel title="Characters">
      {characters.length === 0 && <Empty title="Nobody appears in it." />}
      <dl class="pairs">
        {characters.map(({ characterName, role }) => (
          <Fragment key={characterName}>
            <dt>
              <a href={hrefOf(['characters', characterName])}>{characterName}</a>
            </dt>
            <dd>{role ?? '–'}</dd>
          </Fragment>
        ))}
      </dl>
    </Panel>
  );
}

function Decisions({ shown }: { shown: Shown }) {
  const decisions = shown.decisions.nodes;
  return (
    <Panel title="Decisions" note="The latest first">
      {decisions.length === 0 && <Empty title="Nothing was decided." />}
      <ul class="stack">
        {decisions.map(({ decisionId, decision, reason, decidedAt }) => (
          <li key={decisionId}>
            <span class="words">{decision}</span>
            <div class="under words">
              {reason && `${reason} – `}
              <Moment at={decidedAt} />
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
