import { type MemoryTier, SearchMemory, type SearchMemoryData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Empty, Hollow, Panel, Problem, Tag, type Tone } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { asked, SearchField } from '../../view/search-field.tsx';
import { Moment } from '../../view/time.tsx';
import { counted, decimal, millis, plain } from '../../view/words.ts';
import { DeleteTurnButton } from './deleting.tsx';
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
  const { data, problem, isLoading, again, replace } = useAnswer(
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
      {found && (
        <Found
          found={found}
          gone={(turnId) => {
            replace((before) => without(before, turnId));
            again();
          }}
        />
      )}
    </>
  );
}

type FoundMemory = SearchMemoryData['memorySearch'];

/** The same without one of its turns, until it is searched anew. */
function without({ memorySearch }: SearchMemoryData, turnId: string): SearchMemoryData {
  const hits = memorySearch.hits.filter(({ interaction }) => interaction.turnId !== turnId);
  return { memorySearch: { ...memorySearch, hits } };
}

function Found({ found, gone }: { found: FoundMemory; gone: (turnId: string) => void }) {
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
            <Hit key={hit.interaction.turnId} hit={hit} gone={() => gone(hit.interaction.turnId)} />
          ))}
        </ol>
      </Panel>
    </div>
  );
}

function Hit({ hit, gone }: { hit: FoundMemory['hits'][number]; gone: () => void }) {
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
      <div class="tags">
        <Why reasons={reasons} />
        <DeleteTurnButton turnId={turnId} query={query} gone={gone} />
      </div>
    </li>
  );
}

function Why({ reasons }: { reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  return <p class="under">Found by {reasons.join(', ')}</p>;
}
