import { Drawings, type DrawingsData } from '../../operations.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, SearchField } from '../../view/search-field.tsx';
import { Ago } from '../../view/time.tsx';
import { Thumbnail } from '../media/thumbnail.tsx';
import { useTasks } from './follow-tasks.ts';

export type Drawing = DrawingsData['generations']['nodes'][number];

const PAGE = 30;
const KINDS = ['generate_image'];
const pageOf = ({ generations }: DrawingsData) => connectionPage<Drawing>(generations);

/** Pictures and clips that were asked for, as they come. */
export function DrawingsPanel() {
  const [character, workflow] = [asked('character') || null, asked('workflow') || null];
  const pages = usePages(Drawings, { first: PAGE, filter: { character, workflow } }, pageOf);
  const { items, problem, again } = pages;
  useTasks((taskId) => items?.some((drawing) => drawing.taskId === taskId) ?? false, again, KINDS);
  return (
    <div class="stack">
      <div class="filters">
        <SearchField name="character" label="Character" hint="Full name" />
        <SearchField name="workflow" label="Workflow" />
      </div>
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={2} height={200} />}
      {items?.length === 0 && (
        <Empty title={character || workflow ? 'No picture is like this.' : 'Nothing was drawn yet.'}>
          <code>generateImage</code> has one drawn, where <code>COMFYUI_URL</code> names who draws.
        </Empty>
      )}
      <ul class="grid">
        {items?.map((drawing) => (
          <li key={drawing.generationId}>
            <DrawingLink drawing={drawing} />
          </li>
        ))}
      </ul>
      <More of={pages}>More pictures</More>
    </div>
  );
}

function DrawingLink({ drawing }: { drawing: Drawing }) {
  const { taskId, asked: words, characterName, workflow, createdAt } = drawing;
  return (
    <a class="media-tile" href={hrefOf(['studio', 'picture', taskId])}>
      <Picture hash={drawing.files[0]} size={256} />
      <span class="one-line">{words}</span>
      <span class="under one-line">
        {characterName && `${characterName}, `}
        {workflow}, <Ago at={createdAt} />
      </span>
      <DrawingState drawing={drawing} />
    </a>
  );
}

/** What is kept of a drawing, or of a segment. */
export function Picture({ hash, size }: { hash: string | null | undefined; size: 256 | 1024 }) {
  return <Thumbnail url={hash ? `/media/${hash}/${size}.webp` : null} words={hash ? '' : 'No picture yet'} />;
}

export function DrawingState({ drawing }: { drawing: Pick<Drawing, 'files' | 'error' | 'startedAt'> }) {
  const [tone, words] = stateOf(drawing);
  return <Tag tone={tone}>{words}</Tag>;
}

function stateOf({
  files,
  error,
  startedAt,
}: Pick<Drawing, 'files' | 'error' | 'startedAt'>): [Tone, string] {
  if (files.length > 0) return ['good', 'drawn'];
  if (error !== null)
    return [
      error.startsWith('CANCELLED') ? 'quiet' : 'bad',
      error.startsWith('CANCELLED') ? 'cancelled' : 'failed',
    ];
  return startedAt === null ? ['quiet', 'waiting'] : ['sea', 'drawing'];
}
