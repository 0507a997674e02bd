import { Page } from '../../view/parts.tsx';
import { place } from '../../view/router.ts';
import { Tabs } from '../../view/tabs.tsx';
import { DrawingPage } from './drawing-page.tsx';
import { DrawingsPanel } from './drawings-panel.tsx';
import { ProjectPage } from './project-page.tsx';
import { ProjectsPanel } from './projects-panel.tsx';
import '../../styles/media.css';

const TABS = [
  { path: ['studio'], title: 'Pictures' },
  { path: ['studio', 'projects'], title: 'Projects' },
];

/** What was asked to be drawn, and the videos that are made of it. */
export function Studio() {
  const [, part, id] = place.value.parts;
  if (part === 'picture' && id) return <DrawingPage key={id} taskId={id} />;
  if (part === 'project' && id) return <ProjectPage key={id} projectId={id} />;
  return (
    <Page title="Studio">
      <Tabs label="Studio" tabs={TABS} />
      {part === 'projects' ? <ProjectsPanel /> : <DrawingsPanel />}
    </Page>
  );
}
