import { type MemoryTier, SearchMemory, type SearchMemoryData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Empty, Hollow, Panel, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, SearchField } from '../../view/search-field.tsx';
import { Moment } from '../../view/time.tsx';
import { counted, decimal, millis, plain } from '../../view/words.ts';
import { askedUser, UserField } from './user-field.tsx';

const LIMIT = 30;
const TONES: Readonly<Record<MemoryTier, Tone>> = {
  PHRASE: 'good',
  KEYWORDS: 'sea',
  MEANING: 'sea',
  CHARACTER: 'warn',
  RECENT: 'quiet',
};

/** Finds what was said before, and says why each was found. */
export function SearchPanel() {
  const query = asked('q');
  const userId = askedUser();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const filter = userId ? { userId } : null;
  const { data, problem, isLoading, again } = useAnswer(
    SearchMemory,
    query ? { query, limit: LIMIT, filter, timeZone } : null,
  );
  const found = query ? data?.memorySearch : undefined;
  return (
    <>
      <div class="filters">
        <SearchField name="q" label="What was said" hint="a word, a phrase, a question, “last Tuesday”" />
        <UserField />
      </div>
      <Problem problem={problem} again={again} />
      {!query && (
        <Empty title="Nothing is asked yet.">
          Type what you look for. Turns are found by phrase, by words, by meaning and by whom they are about;
          each says why it was found.
        </Empty>
      )}
      {query && !found && isLoading && <Hollow rows={5} height={64} />}
      {found && <Found found={found} />}
    </>
  );
}

type FoundMemory = SearchMemoryData['memorySearch'];

function Found({ found }: { found: FoundMemory }) {
  return (
    <div class="stack">
      {found.degraded && (
        <p class="notice">
          A part of the search did not answer in time; there may be more. Search again in a moment.
        </p>
      )}
      {found.facts.length > 0 && (
        <Panel title="Facts">
          <ul class="feed facts">
            {found.facts.map(({ fact, reasons, score }) => (
              <li key={fact.factId}>
                <span class="number soft">{decimal(score * 100)} %</span>
                <div>
                  <a href={hrefOf(['memory', 'fact', fact.factId])}>{fact.statement}</a>
                  <Why reasons={reasons} />
                </div>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Turns" note={`${counted(found.hits.length, 'hit')} in ${millis(found.tookMs)}`}>
        {found.hits.length === 0 && (
          <Empty title="Nothing was found.">
            Try fewer or other words.{found.leftOutArchive && ' The archive was left out of this search.'}
          </Empty>
        )}
        <ol class="hits">
          {found.hits.map((hit) => (
            <Hit key={hit.interaction.turnId} hit={hit} />
          ))}
        </ol>
      </Panel>
    </div>
  );
}

function Hit({ hit }: { hit: FoundMemory['hits'][number] }) {
  const { interaction, tier, score, reasons } = hit;
  const { conversationId, userId, turnId, query, response, timestamp } = interaction;
  return (
    <li>
      <div class="tags">
        <Tag tone={TONES[tier]}>{plain(tier)}</Tag>
        <span class="number under">{decimal(score * 100)} %</span>
        <span class="under">
          <Moment at={timestamp} /> in {conversationId}
        </span>
      </div>
      <a
        class="clip"
        href={hrefOf(['memory', 'conversation', conversationId], { user: userId, turn: turnId })}
      >
        {query}
      </a>
      {response && <p class="clip soft">{response}</p>}
      <Why reasons={reasons} />
    </li>
  );
}

function Why({ reasons }: { reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  return <p class="under">Found by {reasons.join(', ')}</p>;
}
