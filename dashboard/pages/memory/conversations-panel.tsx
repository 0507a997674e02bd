import { Conversations, type ConversationsData } from '../../operations.ts';
import { connectionPage, reversedPage, usePages } from '../../server/pages.ts';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, ChoiceField, SearchField } from '../../view/search-field.tsx';
import { Moment } from '../../view/time.tsx';
import { VirtualList } from '../../view/virtual-list.tsx';
import { counted } from '../../view/words.ts';
import { DeleteConversationButton } from './deleting.tsx';
import { askedUser, UserField } from './user-field.tsx';

type Line = ConversationsData['conversations']['nodes'][number];

const PAGE = 100;
const ROW_HEIGHT = 58;
const latestFirst = ({ conversations }: ConversationsData) => connectionPage<Line>(conversations);
const oldestFirst = ({ conversations }: ConversationsData) => reversedPage<Line>(conversations);

/** All conversations, the one with the latest turn first, or last. */
export function ConversationsPanel() {
  const search = asked('q');
  const isReversed = asked('order') === 'oldest';
  const whose = { search: search || null, userId: askedUser() };
  const pages = usePages(
    Conversations,
    isReversed ? { last: PAGE, ...whose } : { first: PAGE, ...whose },
    isReversed ? oldestFirst : latestFirst,
    isReversed ? 'before' : 'after',
  );
  const { items, problem, again, replace } = pages;
  return (
    <>
      <div class="filters">
        <SearchField name="q" label="Words of the title" />
        <ChoiceField
          name="order"
          label="Order"
          choices={[
            ['', 'Latest first'],
            ['oldest', 'Oldest first'],
          ]}
        />
        <UserField />
      </div>
      <Panel title="Conversations">
        <Problem problem={problem} again={again} />
        {items === null && !problem && <Hollow rows={8} height={ROW_HEIGHT - 16} />}
        {items?.length === 0 && (
          <Empty title={search ? 'No conversation has such a title.' : 'There is no conversation yet.'}>
            {search ? (
              <>
                Try another word, or{' '}
                <a href={hrefOf(['memory', 'conversation', search], { user: askedUser() ?? '' })}>
                  open the one whose name is “{search}”
                </a>
                .
              </>
            ) : (
              'A conversation begins with its first turn: by an assistant, by the API, or with npm run import.'
            )}
          </Empty>
        )}
        {items && items.length > 0 && (
          <VirtualList
            label="Conversations"
            pages={pages}
            rowHeight={ROW_HEIGHT}
            keyOf={({ conversationId, userId }) => `${userId}/${conversationId}`}
            row={(line) => (
              <Row
                line={line}
                gone={() => {
                  replace((before) => before.filter((each) => each !== line));
                  again();
                }}
              />
            )}
          />
        )}
      </Panel>
    </>
  );
}

function Row({ line, gone }: { line: Line; gone: () => void }) {
  const { conversationId, title, pinned, interactionCount, lastInteraction, userId } = line;
  return (
    <div class="row-act">
      <a class="row-link" href={hrefOf(['memory', 'conversation', conversationId], { user: userId })}>
        <span class="one-line">
          {title ?? conversationId} {pinned && <Tag tone="sea">pinned</Tag>}
        </span>
        <span class="under">
          <Moment at={lastInteraction} />
        </span>
        <span class="under one-line">{title ? conversationId : ''}</span>
        <span class="under number">{counted(interactionCount, 'turn')}</span>
      </a>
      <DeleteConversationButton line={line} kind="bare" gone={gone} />
    </div>
  );
}
