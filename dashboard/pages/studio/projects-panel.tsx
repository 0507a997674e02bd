import { Projects, type ProjectsData } from '../../operations.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, ChoiceField } from '../../view/search-field.tsx';
import { Table } from '../../view/table.tsx';
import { Ago } from '../../view/time.tsx';
import { count, span } from '../../view/words.ts';

type Project = ProjectsData['projects']['nodes'][number];

const PAGE = 50;
const pageOf = ({ projects }: ProjectsData) => connectionPage<Project>(projects);

/** Videos in the making. */
export function ProjectsPanel() {
  const deleted = asked('deleted') === 'yes';
  const pages = usePages(Projects, { first: PAGE, deleted }, pageOf);
  const { items, problem, again } = pages;
  return (
    <div class="stack">
      <div class="filters">
        <ChoiceField
          name="deleted"
          label="Which"
          choices={[
            ['', 'Those that are there'],
            ['yes', 'Deleted ones'],
          ]}
        />
      </div>
      <Panel title="Projects" note="What was made last first">
        <Problem problem={problem} again={again} />
        {items === null && !problem && <Hollow rows={4} />}
        {items?.length === 0 && (
          <Empty title={deleted ? 'No project was deleted.' : 'There is no project yet.'}>
            <code>createProject</code> begins one; its segments become a video with <code>assembleVideo</code>
            .
          </Empty>
        )}
        {items && items.length > 0 && (
          <Table
            headings={[
              'Name',
              { figures: 'Segments' },
              { figures: 'Drawn' },
              { figures: 'Length' },
              'Changed',
            ]}
          >
            {items.map(({ projectId, name, segments, durationSeconds, updatedAt }) => (
              <tr key={projectId}>
                <td data-label="Name">
                  <a href={hrefOf(['studio', 'project', projectId])}>{name}</a>
                </td>
                <td data-label="Segments" class="number">
                  {count(segments.length)}
                </td>
                <td data-label="Drawn" class="number">
                  {count(segments.filter(({ status }) => status === 'DRAWN').length)}
                </td>
                <td data-label="Length" class="number">
                  {span(durationSeconds)}
                </td>
                <td data-label="Changed">
                  <Ago at={updatedAt} />
                </td>
              </tr>
            ))}
          </Table>
        )}
        <More of={pages}>More projects</More>
      </Panel>
    </div>
  );
}
