import {
  ActivityTold,
  type ActivityToldData,
  RecentActivity,
  type RecentActivityData,
} from '../../operations.ts';
import { useFeed } from '../../view/feed.ts';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { Moment } from '../../view/time.tsx';
import { plain } from '../../view/words.ts';

type Line = RecentActivityData['activity']['nodes'][number];

const SHOWN = 20;
const SOURCE = {
  recent: RecentActivity,
  variables: { first: SHOWN },
  items: ({ activity }: RecentActivityData) => activity.nodes,
  told: ActivityTold,
  event: ({ activity }: ActivityToldData) => ({ cursor: activity.cursor, item: activity.activity }),
  idOf: ({ cursor }: Line) => cursor,
  limit: SHOWN,
};

/** What the server does and meets. */
export function ActivityPanel() {
  const { items, arrived, problem } = useFeed(SOURCE);
  return (
    <Panel title="Activity" note="What the server did and met" className="quiet-feed">
      <Problem problem={problem} />
      {items === null && <Hollow rows={6} height={44} />}
      {items?.length === 0 && (
        <Empty title="Nothing happened yet.">Tasks, schedules, repairs and alerts are told here.</Empty>
      )}
      <ol class="feed">
        {items?.map((line) => (
          <li key={line.cursor} class={arrived.has(line.cursor) ? 'new' : ''}>
            <Moment at={line.at} />
            <div>
              <span class="clip">{line.message}</span>
              <span class="under">
                {line.level !== 'INFO' && (
                  <Tag tone={line.level === 'ERROR' ? 'bad' : 'warn'}>{plain(line.level)}</Tag>
                )}
                <span>{plain(line.kind)}</span>
                {line.count > 1 && <span class="number">{line.count} times</span>}
              </span>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
