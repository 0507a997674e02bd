import { useEffect } from 'preact/hooks';
import { ActiveAlerts, AlertTold, type AlertToldData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { sentence } from '../../server/problem.ts';
import { follow } from '../../server/socket.ts';
import { hrefOf } from '../../view/router.ts';
import { Ago } from '../../view/time.tsx';
import { titled } from '../../view/words.ts';

const EVERY_MS = 5_000;

/** The dangers that have not ended; nothing where there are none. */
export function AlertsStrip() {
  const { data, again } = useAnswer(ActiveAlerts, {}, EVERY_MS);
  useEffect(() => follow(AlertTold, (told: AlertToldData) => told.alerts, again), [again]);
  return (
    <>
      {data?.activeAlerts.map((alert) => (
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
