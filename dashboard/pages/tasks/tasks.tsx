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
  return (
    <Page title="Tasks">
      <Tabs label="Tasks" tabs={TABS} />
      {part === 'schedules' ? <SchedulesPanel /> : <QueuePanel />}
    </Page>
  );
}
