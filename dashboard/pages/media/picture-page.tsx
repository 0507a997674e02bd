import { MediaShown, type MediaShownData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Empty, Hollow, Page, Panel, Problem, Tag } from '../../view/parts.tsx';
import { go, hrefOf } from '../../view/router.ts';
import { Moment } from '../../view/time.tsx';
import { bytes, percent, plain, wallClock } from '../../view/words.ts';
import { ForgetButton, Tags } from './picture-actions.tsx';
import { Thumbnail } from './thumbnail.tsx';
import { nameOf } from './tile.tsx';

type Shown = NonNullable<MediaShownData['mediaInsight']>;

/** One picture or video, and all that is known of it. */
export function PicturePage({ fileHash }: { fileHash: string }) {
  const { data, problem, again, replace } = useAnswer(MediaShown, { fileHash });
  const shown = data?.mediaInsight;
  const put = (tags: Shown['tags']) =>
    replace(({ mediaInsight }) => ({ mediaInsight: mediaInsight && { ...mediaInsight, tags } }));
  return (
    <Page
      title={shown ? nameOf(shown) : 'Picture'}
      actions={
        <>
          <a class="button" href={hrefOf(['media'])}>
            All media
          </a>
          {shown && (
            <ForgetButton fileHash={fileHash} name={nameOf(shown)} gone={() => go(hrefOf(['media']))} />
          )}
        </>
      }
    >
      <Problem problem={problem} again={again} />
      {!data && !problem && <Hollow rows={2} height={240} />}
      {data && !shown && (
        <Empty title="There is no such picture.">It was forgotten, or belongs to another user.</Empty>
      )}
      {shown && (
        <div class="columns">
          <div class="large">
            <Thumbnail url={shown.largeUrl} words={nameOf(shown)} />
            <Palette colours={shown.colorPalette} />
          </div>
          <Known shown={shown} put={put} />
        </div>
      )}
    </Page>
  );
}

/** Without an offset it is what a clock showed somewhere, and written as that. */
function Taken({ at, offset }: { at: string | null; offset: string | null }) {
  if (at === null || offset !== null) return <Moment at={at} />;
  return <>{wallClock(at)}, by the clock of the camera</>;
}

function Palette({ colours }: { colours: Shown['colorPalette'] }) {
  return (
    <ul class="tags" aria-label="Colours">
      {colours.map(({ hex, name, share }) => (
        <li key={hex} class="tag">
          <svg width="12" height="12" aria-hidden="true">
            <rect width="12" height="12" rx="3" fill={hex} />
          </svg>
          {name} {percent(share)}
        </li>
      ))}
    </ul>
  );
}

function Known({ shown, put }: { shown: Shown; put: (tags: Shown['tags']) => void }) {
  const { camera, analysis } = shown;
  return (
    <Panel title="What is known">
      <dl class="pairs">
        <dt>Taken</dt>
        <dd>
          <Taken at={shown.dateTaken} offset={shown.dateTakenOffset} />
        </dd>
        <dt>Where</dt>
        <dd>{shown.location?.place ?? '–'}</dd>
        <dt>Camera</dt>
        <dd>{camera ? [camera.make, camera.model, camera.lens].filter(Boolean).join(' ') : '–'}</dd>
        <dt>Size</dt>
        <dd class="number">
          {shown.width !== null && `${shown.width} × ${shown.height} pixels, `}
          {bytes(shown.fileSize)}, {shown.mediaType}
        </dd>
        <dt>Quality</dt>
        <dd>{shown.qualityScore === null ? '–' : percent(shown.qualityScore)}</dd>
        <dt>Looked at by</dt>
        <dd>
          {plain(analysis.tier)}: {analysis.method}
          {analysis.problem && <Tag tone="warn">{analysis.problem}</Tag>}
        </dd>
        <dt>Tags</dt>
        <dd>
          <Tags fileHash={shown.fileHash} tags={shown.tags} put={put} />
        </dd>
        <dt>Characters</dt>
        <dd>{shown.characters.map(({ characterName }) => characterName).join(', ') || '–'}</dd>
        <dt>Files</dt>
        <dd>
          {shown.filePaths.map((path) => (
            <div key={path}>{path}</div>
          ))}
        </dd>
      </dl>
    </Panel>
  );
}
