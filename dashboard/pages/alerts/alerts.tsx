import { useEffect } from 'preact/hooks';
import {
  AlertHistory,
  type AlertHistoryData,
  AlertsInProgress,
  AlertTold,
  type AlertToldData,
} from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { connectionPage, type Pages, usePages } from '../../server/pages.ts';
import { sentence } from '../../server/problem.ts';
import { runsServer } from '../../server/session.ts';
import { follow } from '../../server/socket.ts';
import { type ActiveAlert, activeAlerts } from '../../server/standing.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Page, Panel, Problem, Tag } from '../../view/parts.tsx';
import { Ago, Moment } from '../../view/time.tsx';
import { plain, titled } from '../../view/words.ts';
import { AlertActions, AlertProgress } from './actions.tsx';
import { ChannelsPanel } from './channels-panel.tsx';

type Line = AlertHistoryData['alerts']['nodes'][number];

const PAGE = 50;
const PROGRESS_MS = 5_000;
const pageOf = ({ alerts }: AlertHistoryData) => connectionPage<Line>(alerts);

/** Dangers to the promises: those of this moment, and all that began and ended. */
export function Alerts() {
  const history = usePages(AlertHistory, { first: PAGE }, pageOf);
  const askHistory = history.again;
  useEffect(() => {
    return follow(AlertTold, (told: AlertToldData) => told.alerts, askHistory, { onGap: askHistory });
  }, [askHistory]);
  return (
    <Page
      title="Alerts"
      intro="An alert is raised when a promise is in danger, and clears by itself when the danger is over. Who acknowledges one keeps the next channel from being told."
    >
      <div class="stack">
        <Active alerts={activeAlerts.value} />
        {/* Alerts are of any height: what stands below them comes after them, so that it does not move. */}
        {activeAlerts.value !== null && (
          <>
            {runsServer() && <ChannelsPanel />}
            <History history={history} />
          </>
        )}
      </div>
    </Page>
  );
}

/** All that began and ended. */
function History({ history }: { history: Pages<Line> }) {
  return (
    <Panel title="History" note="The latest first">
      <Problem problem={history.problem} again={history.again} />
      {history.items === null && !history.problem && <Hollow rows={6} />}
      {history.items?.length === 0 && (
        <Empty title="No alert was ever raised.">The channels above are told of the first one.</Empty>
      )}
      <ol class="feed">
        {history.items?.map((alert) => (
          <li key={`${alert.at}${alert.name}${alert.state}`}>
            <Moment at={alert.at} />
            <div>
              <span class="tags">
                <strong>{titled(alert.name)}</strong> <State alert={alert} />
              </span>
              <p class="soft words">{sentence(alert.message)}</p>
            </div>
          </li>
        ))}
      </ol>
      <More of={history}>Earlier alerts</More>
    </Panel>
  );
}

/** What people did about them is stored, and so unknown while the database is away: alerts are shown without it. */
function Active({ alerts }: { alerts: readonly ActiveAlert[] | null }) {
  const { data, problem, again } = useAnswer(AlertsInProgress, {}, PROGRESS_MS);
  const isAwaited = data === null && problem === null && runsServer();
  const byId = new Map(data?.activeAlerts.map((progress) => [progress.alertId, progress]));
  return (
    <Panel title="Active now">
      {alerts === null && <Hollow rows={1} height={62} />}
      {alerts?.length === 0 && (
        <Empty title="Nothing is in danger.">
          Alerts appear here within seconds, also while the database is away.
        </Empty>
      )}
      <ul class="stack">
        {alerts?.map((alert) => {
          const progress = byId.get(alert.alertId);
          return (
            <li key={alert.name} class="notice" data-tone={alert.severity === 'CRITICAL' ? 'bad' : 'warn'}>
              <p>
                <strong>{titled(alert.name)}</strong>: {sentence(alert.message)}{' '}
                <span class="soft">docs/runbook.md says under {alert.name} what to do.</span>
              </p>
              <span class="tags">
                <span>
                  began <Ago at={alert.at} />
                </span>
                {progress && <AlertProgress progress={progress} />}
              </span>
              {isAwaited && <div class="awaited" />}
              {progress && <AlertActions name={alert.name} progress={progress} onChange={again} />}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function State({ alert: { state, severity } }: { alert: Line }) {
  if (state === 'CLEARED') return <Tag tone="good">cleared</Tag>;
  return <Tag tone={severity === 'CRITICAL' ? 'bad' : 'warn'}>raised, {plain(severity)}</Tag>;
}
