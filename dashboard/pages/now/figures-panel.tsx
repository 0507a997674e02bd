import type { ComponentChildren } from 'preact';
import { Figures, type FiguresData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Problem, type Tone } from '../../view/parts.tsx';
import { bytes, count, counted, percent, span } from '../../view/words.ts';

const EVERY_MS = 2_000;

/** The figures of the promises: what is stored, what waits, what is found and learned. */
export function FiguresPanel() {
  const { data, problem } = useAnswer(Figures, {}, EVERY_MS);
  return (
    <>
      <Problem problem={problem} />
      <dl class="tiles">
        <Saves figures={data?.persistence} />
        <Journal figures={data?.persistence} />
        <Vectors figures={data?.persistence} />
        <Learning figures={data?.learningStatus} />
        <Tasks figures={data?.taskStats} />
      </dl>
    </>
  );
}

type Persistence = FiguresData['persistence'] | undefined;

function Saves({ figures }: { figures: Persistence }) {
  const counters = figures?.counters;
  const failed = counters?.failed ?? 0;
  return (
    <Tile
      name="Turns saved"
      tone={failed > 0 ? 'warn' : 'quiet'}
      value={counters && count(counters.succeeded)}
    >
      {counters && (failed > 0 ? `${count(failed)} set apart; ` : 'none failed; ')}
      {counters && `${count(counters.recovered)} recovered; those of the health check count`}
    </Tile>
  );
}

function Journal({ figures }: { figures: Persistence }) {
  const journal = figures?.journal;
  const isBad = journal ? journal.failure !== null || journal.setApart > 0 : false;
  const tone = isBad ? 'bad' : journal && journal.depth > 0 ? 'warn' : 'quiet';
  const waits = journal?.depth
    ? `the oldest for ${span((journal.oldestAgeMs ?? 0) / 1_000)}, ${bytes(journal.bytes)}`
    : 'nothing waits for the database';
  return (
    <Tile name="Waiting in the journal" tone={tone} value={journal && count(journal.depth)}>
      {journal && (journal.failure ?? waits)}
      {journal && journal.setApart > 0 && `; ${count(journal.setApart)} set apart`}
    </Tile>
  );
}

function Vectors({ figures }: { figures: Persistence }) {
  const vectors = figures?.vectors;
  const tone = vectors && !vectors.storeUp ? 'bad' : vectors && vectors.failed > 0 ? 'warn' : 'quiet';
  return (
    <Tile name="Turns with vectors" tone={tone} value={vectors && percent(vectors.coverage)}>
      {vectors &&
        (vectors.storeUp
          ? vectors.pending > 0
            ? `${count(vectors.pending)} wait, the oldest for ${span(vectors.lagSeconds)}`
            : `${count(vectors.embedded)} of them; none waits`
          : 'the vector store does not answer')}
    </Tile>
  );
}

function Learning({ figures }: { figures: FiguresData['learningStatus'] | undefined }) {
  const run = figures?.lastRun;
  return (
    <Tile name="Turns to learn from" value={figures && count(figures.turnsWaiting)}>
      {figures &&
        (figures.turnsWaiting > 0
          ? `the oldest for ${span(figures.oldestWaitingSeconds)}`
          : run
            ? `the last run read ${counted(run.turnsSeen, 'turn')} and kept ${counted(run.added, 'fact')}`
            : 'nothing was learned yet')}
    </Tile>
  );
}

function Tasks({ figures }: { figures: FiguresData['taskStats'] | undefined }) {
  const of = (status: string) => figures?.byStatus.find((each) => each.status === status)?.count ?? 0;
  const running = of('RUNNING');
  return (
    <Tile name="Tasks waiting" value={figures && count(of('PENDING'))}>
      {figures &&
        `${running > 0 ? `${count(running)} running, ` : ''}${count(figures.endedLastHour)} ended in the last hour`}
      {of('FAILED') > 0 && `, ${count(of('FAILED'))} failed`}
    </Tile>
  );
}

function Tile({ name, value, tone = 'quiet', children }: TileParts) {
  return (
    <div class="tile" data-tone={tone}>
      <dt>{name}</dt>
      <dd class="value">{value ?? '…'}</dd>
      <dd class="note">{children}</dd>
    </div>
  );
}
interface TileParts {
  readonly name: string;
  readonly value: string | undefined;
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}
