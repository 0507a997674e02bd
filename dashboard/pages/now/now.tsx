import '../../styles/now.css';
import { may } from '../../server/session.ts';
import { health, isAway } from '../../server/standing.ts';
import { Page } from '../../view/parts.tsx';
import { ActivityPanel } from './activity-panel.tsx';
import { AlertsStrip } from './alerts-strip.tsx';
import { ChartsPanel } from './charts-panel.tsx';
import { FiguresPanel } from './figures-panel.tsx';
import { HistoryPanel } from './history-panel.tsx';
import { StandingPanel } from './standing-panel.tsx';
import { TurnsPanels } from './turns-panel.tsx';

/** How the server is at this moment. */
export function Now() {
  return (
    <Page title="Now">
      <div class="stack">
        <StandingPanel />
        {may('METRICS') && <AlertsStrip />}
        {/* Dangers are of any height: what stands below them comes after them, so that it does not move. */}
        {(health.value !== null || isAway.value) && <Figures />}
      </div>
    </Page>
  );
}

function Figures() {
  return (
    <>
      <FiguresPanel />
      {may('METRICS') && <ChartsPanel />}
      {may('METRICS') && <HistoryPanel />}
      <div class="columns">
        <TurnsPanels>
          <ActivityPanel />
        </TurnsPanels>
      </div>
    </>
  );
}
