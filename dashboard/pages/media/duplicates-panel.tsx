import { Duplicates, type DuplicatesData } from '../../operations.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { bytes, counted, percent } from '../../view/words.ts';
import { TileLink } from './tile.tsx';

type Group = DuplicatesData['duplicateGroups']['nodes'][number];

const PAGE = 20;
const pageOf = ({ duplicateGroups }: DuplicatesData) => connectionPage<Group>(duplicateGroups);

/** Pictures that are there more than once, side by side, the one to keep first. */
export function DuplicatesPanel() {
  const pages = usePages(Duplicates, { first: PAGE }, pageOf);
  const { items, problem, again } = pages;
  return (
    <div class="stack">
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={2} height={220} />}
      {items?.length === 0 && (
        <Empty title="Nothing is there twice.">
          Copies and near duplicates of indexed pictures appear here.
        </Empty>
      )}
      {items?.map((group) => (
        <Panel
          key={group.members[0]?.insight.fileHash ?? ''}
          title={counted(group.files, 'file')}
          note={`${bytes(group.spareBytes)} would be free without all but the best`}
        >
          <ul class="side-by-side">
            {group.members.map(({ insight, distance, copies }) => (
              <li key={insight.fileHash}>
                <TileLink tile={insight} />
                <p class="tags">
                  {insight.fileHash === group.best?.fileHash && <Tag tone="good">best</Tag>}
                  {distance > 0 && <Tag>{distance} of 64 bits differ</Tag>}
                  {copies > 1 && <Tag>{counted(copies, 'copy', 'copies')}</Tag>}
                  {insight.qualityScore !== null && <Tag>quality {percent(insight.qualityScore)}</Tag>}
                </p>
                <p class="under words">{insight.filePath}</p>
              </li>
            ))}
          </ul>
        </Panel>
      ))}
      <More of={pages}>More</More>
    </div>
  );
}
