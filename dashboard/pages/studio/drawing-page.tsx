import { DrawingShown, type DrawingShownData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Empty, Hollow, Page, Panel, Problem } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { Moment } from '../../view/time.tsx';
import { percent } from '../../view/words.ts';
import { DrawingState, Picture } from './drawings-panel.tsx';
import { useTasks } from './follow-tasks.ts';

type Shown = DrawingShownData['generations']['nodes'][number];

/** One picture that was asked for, and how it was made. */
export function DrawingPage({ taskId }: { taskId: string }) {
  const { data, problem, again } = useAnswer(DrawingShown, { taskId });
  useTasks((told) => told === taskId, again);
  const shown = data?.generations.nodes[0];
  return (
    <Page
      title={shown?.asked ?? 'Picture'}
      actions={
        <>
          {shown && <DrawingState drawing={shown} />}
          <a class="button" href={hrefOf(['tasks', 'task', taskId])}>
            Its task
          </a>
          <a class="button" href={hrefOf(['studio'])}>
            All pictures
          </a>
        </>
      }
    >
      <Problem problem={problem} again={again} />
      {!data && !problem && <Hollow rows={2} height={240} />}
      {data && !shown && <Empty title="There is no such picture.">It may belong to another user.</Empty>}
      {shown && (
        <div class="columns">
          <div class="large">
            {shown.files[0] ? (
              <a
                href={hrefOf(['media', 'picture', shown.files[0]])}
                aria-label="All that is known of the picture"
              >
                <Picture hash={shown.files[0]} size={1024} />
              </a>
            ) : (
              <Picture hash={null} size={1024} />
            )}
            {shown.error && (
              <div class="notice" data-tone="bad">
                <p class="words">{shown.error}</p>
              </div>
            )}
          </div>
          <Made shown={shown} />
        </div>
      )}
    </Page>
  );
}

function Made({ shown }: { shown: Shown }) {
  const { rating } = shown;
  const shares = rating && [rating.identity, rating.quality, rating.style];
  return (
    <Panel title="How it was made">
      <dl class="pairs">
        <dt>Shows</dt>
        <dd>
          {shown.characterName ? (
            <a href={hrefOf(['characters', shown.characterName])}>{shown.characterName}</a>
          ) : (
            'nobody by name'
          )}
        </dd>
        <dt>Prompt</dt>
        <dd class="words">{shown.prompt}</dd>
        <dt>Not in it</dt>
        <dd class="words">{shown.negativePrompt || '–'}</dd>
        <dt>Workflow</dt>
        <dd>{shown.workflow}</dd>
        <dt>Size</dt>
        <dd class="number">
          {shown.width} × {shown.height} pixels, seed {shown.seed}
        </dd>
        <dt>Style</dt>
        <dd>{shown.elements.join(', ') || '–'}</dd>
        <dt>Asked for</dt>
        <dd>
          <Moment at={shown.createdAt} />
        </dd>
        <dt>Kept</dt>
        <dd>
          <Moment at={shown.completedAt} />
        </dd>
        <dt>Rated</dt>
        <dd>
          {shares
            ? ['identity', 'quality', 'style']
                .flatMap((name, at) => (shares[at] == null ? [] : `${name} ${percent(shares[at])}`))
                .join(', ')
            : 'not yet'}
          {rating?.comment && ` – ${rating.comment}`}
        </dd>
      </dl>
    </Panel>
  );
}
