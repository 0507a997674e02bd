import type { ComponentChildren } from 'preact';
import { RecentTurns, type RecentTurnsData, TurnAdded, type TurnAddedData } from '../../operations.ts';
import { useFeed } from '../../view/feed.ts';
import { Empty, Hollow, Panel, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { Moment } from '../../view/time.tsx';
import { millis, plain } from '../../view/words.ts';
import { ModelsPanel } from './models-panel.tsx';

export type TurnLine = RecentTurnsData['interactions']['nodes'][number];

const SHOWN = 12;
/** So many are looked at for the use of models. */
export const LOOKED_AT = 100;

const SOURCE = {
  recent: RecentTurns,
  variables: { first: LOOKED_AT },
  items: ({ interactions }: RecentTurnsData) => interactions.nodes,
  told: TurnAdded,
  event: ({ interactionAdded: { cursor, interaction } }: TurnAddedData) => ({ cursor, item: interaction }),
  idOf: ({ turnId }: TurnLine) => turnId,
  limit: LOOKED_AT,
};

/** Turns as they come in by any door, and which models answered them. */
export function TurnsPanels({ children }: { children: ComponentChildren }) {
  const { items, arrived, problem } = useFeed(SOURCE);
  return (
    <>
      <Panel title="Turns" note="As they are stored, by any door" className="quiet-feed">
        <Problem problem={problem} />
        {items === null && <Hollow rows={6} height={44} />}
        {items?.length === 0 && (
          <Empty title="Nothing was said yet.">
            Turns appear here the moment they are stored. The first one can be sent from{' '}
            <a href="/graphql" target="_blank" rel="noreferrer">
              GraphiQL
            </a>
            , by an assistant over MCP, or with <code>npm run import</code>.
          </Empty>
        )}
        <ol class="feed">
          {items?.slice(0, SHOWN).map((turn) => (
            <TurnRow key={turn.turnId} turn={turn} isNew={arrived.has(turn.turnId)} />
          ))}
        </ol>
      </Panel>
      <div class="stack">
        <ModelsPanel turns={items} />
        {children}
      </div>
    </>
  );
}

function TurnRow({ turn, isNew }: { turn: TurnLine; isNew: boolean }) {
  const { conversationId, userId, timestamp, query, status, modelUsed, processingTimeMs } = turn;
  return (
    <li class={isNew ? 'new' : ''}>
      <Moment at={timestamp} />
      <div>
        <a class="clip" href={hrefOf(['memory', 'conversation', conversationId], { user: userId })}>
          {query}
        </a>
        <span class="under">
          <span>{conversationId}</span>
          <span>{modelUsed}</span>
          {processingTimeMs > 0 && <span class="number">{millis(processingTimeMs)}</span>}
          {status === 'FAILED' && <Tag tone="bad">failed</Tag>}
          {(status === 'PROCESSING' || status === 'INTERRUPTED') && <Tag tone="warn">{plain(status)}</Tag>}
        </span>
      </div>
    </li>
  );
}
