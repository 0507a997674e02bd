import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ChainOf, type ChainOfData, Thread, type ThreadData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { ask } from '../../server/ask.ts';
import { Empty, Hollow, Page, Panel, Problem, Tag } from '../../view/parts.tsx';
import { go, hrefOf } from '../../view/router.ts';
import { useAct } from '../../view/saying.tsx';
import { asked } from '../../view/search-field.tsx';
import { Moment } from '../../view/time.tsx';
import { count, counted, millis, plain } from '../../view/words.ts';
import { DeleteConversationButton, DeleteTurnButton } from './deleting.tsx';
import { askedUser } from './user-field.tsx';

type Conversation = NonNullable<ThreadData['conversation']>;
type Turn = Conversation['interactions']['nodes'][number];

const PAGE = 50;
const EVERY_MS = 5_000;

/** A conversation as it was said, with its hash chain. */
export function ConversationPage({ conversationId }: { conversationId: string }) {
  const userId = askedUser();
  const { data, problem, again, replace } = useAnswer(
    Thread,
    { conversationId, userId, last: PAGE, before: null },
    EVERY_MS,
  );
  const chain = useAnswer(ChainOf, { conversationId, userId });
  const shown = data?.conversation;
  const gone = (turnId: string) => {
    replace((before) => without(before, turnId));
    again();
    chain.again();
  };
  return (
    <Page
      title={shown?.title ?? conversationId}
      intro={
        shown && (
          <>
            {counted(shown.interactionCount, 'turn')} of {shown.userId}, begun <Moment at={shown.createdAt} />
          </>
        )
      }
      actions={
        <>
          <Chain chain={chain.data?.verifyConversation ?? null} isLoading={chain.isLoading} />
          <button type="button" class="button" onClick={chain.again} aria-disabled={chain.isLoading}>
            Verify again
          </button>
          <a class="button" href={hrefOf(['memory', 'conversations'])}>
            All conversations
          </a>
          {shown && (
            <DeleteConversationButton
              line={shown}
              gone={() => go(hrefOf(['memory', 'conversations'], { user: userId ?? '' }))}
            />
          )}
        </>
      }
    >
      <div class="stack">
        <Problem problem={problem ?? chain.problem} again={again} />
        {data && !shown && (
          <Empty title="There is no such conversation.">
            It may have been deleted, or belong to another user.
          </Empty>
        )}
        {!data && !problem && <Hollow rows={5} height={90} />}
        {chain.data && <ChainProblems chain={chain.data.verifyConversation} />}
        {shown && <Turns conversation={shown} userId={userId} gone={gone} />}
      </div>
    </Page>
  );
}

/** The same without one of its turns, until it is asked for anew. */
function without({ conversation }: ThreadData, turnId: string): ThreadData {
  if (!conversation) return { conversation };
  const { interactions, interactionCount } = conversation;
  const nodes = interactions.nodes.filter((turn) => turn.turnId !== turnId);
  return {
    conversation: {
      ...conversation,
      interactionCount: interactionCount - 1,
      interactions: { ...interactions, nodes },
    },
  };
}

type ChainState = ChainOfData['verifyConversation'];

function Chain({ chain, isLoading }: { chain: ChainState | null; isLoading: boolean }) {
  if (!chain) return <Tag>{isLoading ? 'chain: looking' : 'chain: not known'}</Tag>;
  if (!chain.intact) return <Tag tone="bad">chain broken</Tag>;
  return <Tag tone="good">chain intact: {counted(chain.turns, 'turn')}</Tag>;
}

function ChainProblems({ chain }: { chain: ChainState }) {
  if (chain.intact) return null;
  return (
    <div class="notice" data-tone="bad">
      <p>
        The hash chain does not hold:{' '}
        {chain.problems.map(({ kind, sequence }) => `turn ${sequence} is ${plain(kind)}`).join(', ')}.
        Somebody changed the database beside the server; the audit log and backups say more.
      </p>
    </div>
  );
}

function Turns({ conversation, userId, gone }: TurnsParts) {
  const [older, setOlder] = useState<readonly Turn[]>([]);
  const [place, setPlace] = useState<Conversation['interactions']['pageInfo'] | null>(null);
  const { isBusy, act } = useAct();
  const { interactions } = conversation;
  const { nodes, pageInfo } = interactions;
  const { hasPreviousPage, startCursor } = place ?? pageInfo;
  const known = new Set(nodes.map(({ turnId }) => turnId));
  const latest = useRef(interactions);
  useLayoutEffect(() => {
    const before = latest.current;
    latest.current = interactions;
    const first = before.nodes.findIndex(({ turnId }) => turnId === nodes[0]?.turnId);
    if (first > 0 && pageInfo.hasPreviousPage) {
      // New turns have pushed these out of the latest ones; whoever reads them keeps them.
      setOlder((earlier) => [...earlier, ...before.nodes.slice(0, first)]);
      setPlace((at) => at ?? before.pageInfo);
    } else if (!before.nodes.some(({ turnId }) => known.has(turnId))) {
      // So many are new that nobody knows what is between.
      setOlder([]);
      setPlace(null);
    }
  }, [nodes]);
  const load = () =>
    act(async () => {
      const { conversationId } = conversation;
      const page = await ask(Thread, { conversationId, userId, last: PAGE, before: startCursor });
      const found = page.conversation?.interactions;
      if (!found) return undefined;
      setOlder((before) => [...found.nodes, ...before]);
      setPlace(found.pageInfo);
      return undefined;
    });
  return (
    <Panel title="Turns" note="As they were said">
      {hasPreviousPage && (
        <button type="button" class="button" aria-disabled={isBusy} onClick={load}>
          Earlier turns
        </button>
      )}
      {nodes.length === 0 && <Empty title="There is no turn any more." />}
      <ol class="thread">
        {[...older.filter(({ turnId }) => !known.has(turnId)), ...nodes].map((turn) => (
          <Exchange
            key={turn.turnId}
            turn={turn}
            gone={() => {
              const others = (turns: readonly Turn[]) => turns.filter(({ turnId }) => turnId !== turn.turnId);
              setOlder(others);
              latest.current = { ...latest.current, nodes: others(latest.current.nodes) };
              gone(turn.turnId);
            }}
          />
        ))}
      </ol>
    </Panel>
  );
}
interface TurnsParts {
  readonly conversation: Conversation;
  readonly userId: string | null;
  readonly gone: (turnId: string) => void;
}

function Exchange({ turn, gone }: { turn: Turn; gone: () => void }) {
  const element = useRef<HTMLLIElement>(null);
  const isAsked = asked('turn') === turn.turnId;
  useEffect(() => {
    if (isAsked) element.current?.scrollIntoView({ block: 'center' });
  }, [isAsked]);
  return (
    <li ref={element} data-asked={isAsked}>
      <p class="who">
        <strong>{turn.speaker ?? 'User'}</strong> <Moment at={turn.timestamp} />
        {turn.sequence !== null && <span class="number"> № {count(turn.sequence)}</span>}
      </p>
      <p class="words">{turn.query}</p>
      {turn.response !== null && (
        <>
          <p class="who">
            <strong>{turn.responder ?? 'Assistant'}</strong> {turn.modelUsed}
            {turn.processingTimeMs > 0 && `, ${millis(turn.processingTimeMs)}`}
            {turn.tokensIn !== null && `, ${counted(turn.tokensIn + (turn.tokensOut ?? 0), 'token')}`}
          </p>
          <p class="words answer">{turn.response}</p>
        </>
      )}
      <div class="tags">
        {turn.status !== 'ANSWERED' && turn.status !== 'RECORDED' && (
          <Tag tone="warn">{plain(turn.status)}</Tag>
        )}
        {turn.intent && turn.intent !== 'unknown' && <Tag>{plain(turn.intent)}</Tag>}
        {turn.characters.map(({ characterName }) => (
          <a key={characterName} class="tag" href={hrefOf(['characters', characterName])}>
            {characterName}
          </a>
        ))}
        {turn.archivedAt && <Tag>archived</Tag>}
        {turn.vectorState === 'FAILED' && <Tag tone="bad">no vector</Tag>}
        <DeleteTurnButton turnId={turn.turnId} query={turn.query} number={turn.sequence} gone={gone} />
      </div>
    </li>
  );
}
