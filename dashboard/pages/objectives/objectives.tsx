import { Objectives as Asked, type ObjectivesData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Bar, Empty, Hollow, Page, Panel, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { count, decimal, percent, plain, span, titled } from '../../view/words.ts';

type Slo = ObjectivesData['slos'][number];

const EVERY_MS = 10_000;
const TONES: Readonly<Record<Slo['state'], Tone>> = {
  OK: 'good',
  NO_DATA: 'quiet',
  BURNING: 'warn',
  BURNING_FAST: 'bad',
  EXHAUSTED: 'bad',
};

/** What is promised of most requests, and what is left to fail. */
export function Objectives() {
  const { data, problem, again } = useAnswer(Asked, {}, EVERY_MS);
  const slos = data?.slos;
  return (
    <Page
      title="Objectives"
      intro="What is promised of most requests over weeks. What may fail is a budget; an alert comes when it is spent too fast."
    >
      <Problem problem={problem} again={again} />
      {!slos && !problem && <Hollow rows={6} height={90} />}
      {slos?.length === 0 && (
        <Empty title="No objective is set.">
          <code>SLO_AVAILABILITY</code> and its like set them.
        </Empty>
      )}
      <div class="stack">
        {slos?.map((slo) => (
          <ObjectivePanel key={slo.name} slo={slo} />
        ))}
      </div>
    </Page>
  );
}

function ObjectivePanel({ slo }: { slo: Slo }) {
  const { name, description, target, limitSeconds, windowDays, state, total, bad, attained, budgetLeft } =
    slo;
  const limit = limitSeconds === null ? '' : ` within ${span(limitSeconds)}`;
  const left = budgetLeft === null ? null : Math.max(0, budgetLeft);
  return (
    <Panel
      title={titled(name)}
      note={
        <span class="tags">
          {exact(target)}
          {limit}, over {windowDays} days <Tag tone={TONES[state]}>{plain(state)}</Tag>
        </span>
      }
    >
      <p class="soft">{description}</p>
      {left === null ? (
        <p class="soft">Nothing that it is about has happened in these days.</p>
      ) : (
        <>
          <div class="budget">
            <p class="number">
              <strong>{percent(left)}</strong> of the error budget is left
            </p>
            <Bar label={`${titled(name)}: what is left of the error budget`} share={left} />
          </div>
          <dl class="tiles small">
            <Figure name="Kept it" value={attained === null ? '–' : exact(attained)} />
            <Figure name="Failed it" value={`${count(bad)} of ${count(total)}`} />
            {slo.burnRates.map(({ minutes, rate }) => (
              <Figure
                key={minutes}
                name={`Burn rate, ${span(minutes * 60)}`}
                value={rate === null ? '–' : `${decimal(rate)} ×`}
              />
            ))}
          </dl>
        </>
      )}
    </Panel>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div class="tile" data-tone="quiet">
      <dt>{name}</dt>
      <dd class="value">{value}</dd>
    </div>
  );
}

/** Two nines more than usual matter here. */
function exact(share: number): string {
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 }).format(Math.floor(share * 1e5) / 1e3)} %`;
}
