import { sentence } from '../../server/problem.ts';
import { activeAlerts } from '../../server/standing.ts';
import { hrefOf } from '../../view/router.ts';
import { Ago } from '../../view/time.tsx';
import { titled } from '../../view/words.ts';

/** The dangers that have not ended; nothing where there are none. */
export function AlertsStrip() {
  return (
    <>
      {activeAlerts.value?.map((alert) => (
        <div key={alert.name} class="notice" data-tone={alert.severity === 'CRITICAL' ? 'bad' : 'warn'}>
          <p>
            <a href={hrefOf(['alerts'])}>{titled(alert.name)}</a>: {sentence(alert.message)}
          </p>
          <span class="soft">
            began <Ago at={alert.at} />
          </span>
        </div>
      ))}
    </>
  );
}
