import { useEffect } from 'preact/hooks';
import {
  type FactCategory,
  type FactStatus,
  Facts,
  type FactsData,
  FactTold,
  type FactToldData,
} from '../../operations.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { follow } from '../../server/socket.ts';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, ChoiceField, SearchField } from '../../view/search-field.tsx';
import { Moment } from '../../view/time.tsx';
import { VirtualList } from '../../view/virtual-list.tsx';
import { percent, plain, titled } from '../../view/words.ts';
import { AddFactPanel } from './fact-changes.tsx';
import { CATEGORIES } from './fact-form.tsx';
import { askedUser, UserField } from './user-field.tsx';

type Line = FactsData['facts']['nodes'][number];

const PAGE = 100;
const ROW_HEIGHT = 58;
const pageOf = ({ facts }: FactsData) => connectionPage<Line>(facts);

/** What was learned, and whether it still holds. */
export function FactsPanel() {
  const text = asked('q');
  const filter = {
    text: text || null,
    category: (asked('category') || null) as FactCategory | null,
    status: (asked('status') || 'ACTIVE') as FactStatus,
    userId: askedUser(),
  };
  const pages = usePages(Facts, { first: PAGE, filter }, pageOf);
  const { items, problem, again } = pages;
  useEffect(
    () => follow(FactTold, (told: FactToldData) => told.factChanged, again, { onGap: again }),
    [again],
  );
  return (
    <>
      <div class="filters">
        <SearchField name="q" label="Words of a fact" />
        <ChoiceField
          name="category"
          label="About"
          choices={[['', 'Anything'], ...CATEGORIES.map((name) => [name, titled(name)] as const)]}
        />
        <ChoiceField
          name="status"
          label="State"
          choices={[
            ['', 'Holds'],
            ['SUPERSEDED', 'Superseded'],
            ['RETRACTED', 'Retracted'],
          ]}
        />
        <UserField />
      </div>
      <AddFactPanel />
      <Panel title="Facts" note="What was learned last first">
        <Problem problem={problem} again={again} />
        {items === null && !problem && <Hollow rows={8} height={ROW_HEIGHT - 16} />}
        {items?.length === 0 && (
          <Empty title="No fact is like this.">
            Facts are learned from what is said, some seconds after a turn: “I live in Hamburg”, “my sister
            Ana works at the aquarium”.
          </Empty>
        )}
        {items && items.length > 0 && (
          <VirtualList
            label="Facts"
            pages={pages}
            rowHeight={ROW_HEIGHT}
            keyOf={({ factId }) => factId}
            row={(line) => <Row line={line} />}
          />
        )}
      </Panel>
    </>
  );
}

function Row({ line }: { line: Line }) {
  return (
    <a class="row-link" href={hrefOf(['memory', 'fact', line.factId])}>
      <span class="one-line">{line.statement}</span>
      <span class="under">
        <Moment at={line.recordedAt} />
      </span>
      <span class="tags">
        <Tag>{plain(line.category)}</Tag>
        {line.status !== 'ACTIVE' && <Tag tone="warn">{plain(line.status)}</Tag>}
      </span>
      <span class="under number">{percent(line.confidence)} sure</span>
    </a>
  );
}
