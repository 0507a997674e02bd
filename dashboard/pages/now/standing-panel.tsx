import { sentence } from '../../server/problem.ts';
import { activeAlerts, health, isAway } from '../../server/standing.ts';
import { standingOf, toneOf } from '../../view/standing.ts';
import { millis, plain, titled } from '../../view/words.ts';

/** As many as a server usually has, so that nothing moves when they come. */
const PLACES = Array.from({ length: 10 }, (_, place) => (
  <li key={place} aria-hidden="true">
    <span class="lamp" />
    <span class="hollow" />
  </li>
));

/** How the promises stand, and of each that is not kept why. */
export function StandingPanel() {
  const { tone, words } = standingOf({
    health: health.value,
    activeAlerts: activeAlerts.value,
    isAway: isAway.value,
  });
  const checks = health.value?.checks ?? [];
  const broken = checks.filter(({ status }) => status !== 'HEALTHY');
  return (
    <section class="panel standing" data-tone={tone} aria-label="Promises">
      <h2>{words}</h2>
      <p>
        {isAway.value
          ? 'What stands below is the last that was heard. This page asks again by itself.'
          : `${health.value ? checks.length : 'The'} promises are looked at every second or two.`}
      </p>
      {broken.length > 0 && (
        <ul class="broken">
          {broken.map(({ name, detail }) => (
            <li key={name}>
              <strong>{titled(name)}</strong>: {sentence(detail ?? 'no reason is given')}
            </li>
          ))}
        </ul>
      )}
      <ul class="checks">
        {health.value === null && PLACES}
        {checks.map(({ name, status, latencyMs, detail }) => (
          <li key={name} title={detail ?? ''}>
            <span class="lamp" data-tone={toneOf(status)} />
            <span class="one-line">
              {titled(name)}
              <span class="unseen">, {plain(status)}</span>
            </span>
            <span class="number">{latencyMs === null ? '' : millis(latencyMs)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
