import { useEffect } from 'preact/hooks';
import { FactShown, type FactShownData, FactTold, type FactToldData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { may } from '../../server/session.ts';
import { follow } from '../../server/socket.ts';
import { Empty, Hollow, Page, Panel, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { useAct } from '../../view/saying.tsx';
import { Moment } from '../../view/time.tsx';
import { counted, dateOf, percent, plain, titled } from '../../view/words.ts';
import { FactActions, LastChange, undoChange } from './fact-changes.tsx';

type Fact = NonNullable<FactShownData['fact']>;

/** One fact: what it says, which words it was learned from, and what became of it. */
export function FactPage({ factId }: { factId: string }) {
  const { data, problem, again } = useAnswer(FactShown, { factId });
  useEffect(
    () => follow(FactTold, (told: FactToldData) => told.factChanged, again, { onGap: again }),
    [again],
  );
  const fact = data?.fact;
  return (
    <Page
      title={fact?.statement ?? 'Fact'}
      actions={
        <a class="button" href={hrefOf(['memory', 'facts'])}>
          All facts
        </a>
      }
    >
      <div class="stack">
        <Problem problem={problem} again={again} />
        {fact && <LastChange factId={factId} again={again} />}
        {!data && !problem && <Hollow rows={3} height={110} />}
        {data && !fact && (
          <Empty title="There is no such fact.">
            It was forgotten with what it was learned from, or belongs to another user.
          </Empty>
        )}
        {fact && (
          <div class="columns">
            <About fact={fact} again={again} />
            <Sources fact={fact} />
            <History fact={fact} again={again} />
          </div>
        )}
      </div>
    </Page>
  );
}

function About({ fact, again }: { fact: Fact; again: () => void }) {
  return (
    <Panel title="What it says">
      <dl class="pairs">
        <dt>State</dt>
        <dd>
          <Tag tone={fact.status === 'ACTIVE' ? 'good' : 'warn'}>
            {fact.status === 'ACTIVE' ? 'holds' : plain(fact.status)}
          </Tag>
        </dd>
        <dt>About</dt>
        <dd>
          {fact.subject}: {plain(fact.category)}
        </dd>
        <dt>Said as</dt>
        <dd>
          {fact.negated && 'not '}
          {plain(fact.predicate)} {fact.object}
        </dd>
        <dt>Learned by</dt>
        <dd>
          {plain(fact.origin)}, {percent(fact.confidence)} sure
        </dd>
        {fact.validFrom && <Pair name="True from">{dateOf(fact.validFrom)}</Pair>}
        {fact.validUntil && <Pair name="True until">{dateOf(fact.validUntil)}</Pair>}
        {fact.supersededBy && <Linked name="Superseded by" fact={fact.supersededBy} />}
        {fact.supersedes.map((each) => (
          <Linked key={each.factId} name="Supersedes" fact={each} />
        ))}
      </dl>
      <FactActions fact={fact} again={again} />
    </Panel>
  );
}

function Pair({ name, children }: { name: string; children: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Linked({ name, fact }: { name: string; fact: { factId: string; statement: string } }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <a href={hrefOf(['memory', 'fact', fact.factId])}>{fact.statement}</a>
      </dd>
    </>
  );
}

function Sources({ fact }: { fact: Fact }) {
  return (
    <Panel title="Learned from" note={counted(fact.sources.length, 'quote')}>
      {fact.sources.length === 0 && <Empty title="Nobody said this.">A person entered it.</Empty>}
      <ul class="quotes">
        {fact.sources.map(({ quote, saidAt, interaction, media }) => (
          <li key={`${saidAt}${quote}`}>
            <blockquote class="words">{quote}</blockquote>
            <p class="under">
              <Moment at={saidAt} />
              {interaction && (
                <>
                  {' in '}
                  <a
                    href={hrefOf(['memory', 'conversation', interaction.conversationId], {
                      user: interaction.userId,
                      turn: interaction.turnId,
                    })}
                  >
                    {interaction.conversationId}
                  </a>
                </>
              )}
              {media && <a href={hrefOf(['media', 'picture', media.fileHash])}> the picture</a>}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function History({ fact, again }: { fact: Fact; again: () => void }) {
  const { isBusy, act } = useAct();
  const undo = (changeId: string) => act(() => undoChange(changeId, again));
  return (
    <Panel title="History" note="The latest first">
      <ol class="feed">
        {fact.changes.map(({ changeId, at, kind, by, undone }) => (
          <li key={changeId}>
            <Moment at={at} />
            <div class="tags">
              <span>
                {titled(kind)} <span class="soft">by {by}</span>
              </span>
              {undone && <Tag>undone</Tag>}
              {!undone && kind !== 'UNDONE' && may('WRITE') && (
                <button
                  type="button"
                  class="button"
                  data-kind="bare"
                  aria-disabled={isBusy}
                  aria-label={`Undo: ${plain(kind)}`}
                  onClick={() => undo(changeId)}
                >
                  Undo
                </button>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
