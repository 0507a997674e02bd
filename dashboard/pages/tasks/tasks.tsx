import { may } from '../../server/session.ts';
import { Page } from '../../view/parts.tsx';
import { place } from '../../view/router.ts';
import { Tabs } from '../../view/tabs.tsx';
import { QueuePanel } from './queue-panel.tsx';
import { SchedulesPanel } from './schedules-panel.tsx';
import { TaskPage } from './task-page.tsx';

const TABS = [
  { path: ['tasks'], title: 'Queue' },
  { path: ['tasks', 'schedules'], title: 'Schedules' },
];

/** Background work: what waits, what runs, what runs by itself. */
export function Tasks() {
  const [, part, id] = place.value.parts;
  if (part === 'task' && id) return <TaskPage key={id} taskId={id} />;
  // What the server does by itself is for admins.
  if (!may('ADMIN'))
    return (
      <Page title="Tasks">
        <QueuePanel />
      </Page>
    );
  return (
    <Page title="Tasks">
      <Tabs label="Tasks" tabs={TABS} />
      {part === 'schedules' ? <SchedulesPanel /> : <QueuePanel />}
    </Page>
  );
}
