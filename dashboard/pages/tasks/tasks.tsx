import { may } from '../../server/session.ts';
import { Page } from '../../view/parts.tsx';
import { place } from '../../view/router.ts';
import { Tabs } from '../../view/tabs.tsx';
import { BriefsPanel } from './briefs-panel.tsx';
import { QueuePanel } from './queue-panel.tsx';
import { SchedulesPanel } from './schedules-panel.tsx';
import { TaskPage } from './task-page.tsx';

const TABS = [
  { path: ['tasks'], title: 'Queue' },
  { path: ['tasks', 'schedules'], title: 'Schedules' },
  { path: ['tasks', 'briefs'], title: 'Briefs' },
];

/** Background work: what waits, what runs, what runs by itself. */
export function Tasks() {
  const [, part, id] = place.value.parts;
  if (part === 'task' && id) return <TaskPage key={id} taskId={id} />;
  // What the server does by itself is for admins.
  const tabs = TABS.filter(({ title }) => title !== 'Schedules' || may('ADMIN'));
  const [, shown = 'queue'] = tabs.find(({ path }) => path[1] === part)?.path ?? [];
  return (
    <Page title="Tasks">
      <Tabs label="Tasks" tabs={tabs} />
      {shown === 'schedules' && <SchedulesPanel />}
      {shown === 'briefs' && <BriefsPanel />}
      {shown === 'queue' && <QueuePanel />}
    </Page>
  );
}
