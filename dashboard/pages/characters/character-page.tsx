import { CharacterSeen, CharacterShown, type CharacterShownData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { Empty, Hollow, Page, Panel, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf } from '../../view/router.ts';
import { Moment } from '../../view/time.tsx';
import { counted } from '../../view/words.ts';
import { TileLink } from '../media/tile.tsx';

type Character = NonNullable<CharacterShownData['character']>;

const FIELDS = [
  ['Kind', 'characterType'],
  ['Occupation', 'occupation'],
  ['From', 'sourceFranchise'],
  ['Age', 'age'],
  ['Gender', 'gender'],
  ['Height', 'height'],
  ['Build', 'build'],
  ['Hair', 'hairColor'],
  ['Hair style', 'hairStyle'],
  ['Eyes', 'eyeColor'],
  ['Told apart by', 'distinctiveFeatures'],
  ['Looks', 'physicalDescription'],
  ['Personality', 'personalityTraits'],
  ['Story', 'backgroundStory'],
  ['Relations', 'relationships'],
  ['Skills', 'skillsAbilities'],
  ['Art style', 'artStyle'],
  ['Visual style', 'visualStyle'],
  ['Notes', 'notes'],
] as const satisfies readonly (readonly [string, keyof Character])[];

/** The profile of a character, and what was said of them. */
export function CharacterPage({ name }: { name: string }) {
  const { data, problem, again } = useAnswer(CharacterShown, { name });
  const character = data?.character;
  return (
    <Page
      title={character?.characterName ?? name}
      intro={character?.aliases.length ? `Also ${character.aliases.join(', ')}` : undefined}
      actions={
        <>
          {character && !character.shared && <Tag tone="sea">yours alone</Tag>}
          {character && !character.isActive && <Tag tone="warn">not active</Tag>}
          <a class="button" href={hrefOf(['memory'], { q: name })}>
            Where they were mentioned
          </a>
          <a class="button" href={hrefOf(['characters'])}>
            All characters
          </a>
        </>
      }
    >
      <Problem problem={problem} again={again} />
      {!data && !problem && <Hollow rows={2} height={160} />}
      {data && !character && (
        <Empty title="Nobody is known by this name.">Names and aliases are looked at.</Empty>
      )}
      {character && (
        <div class="columns">
          <Profile character={character} />
          <Memories character={character} />
          <Seen name={character.characterName} />
        </div>
      )}
    </Page>
  );
}

/** In which pictures they are, and which turns mention them. */
function Seen({ name }: { name: string }) {
  const { data, problem, again } = useAnswer(CharacterSeen, { name });
  const pictures = data?.mediaInsights.nodes ?? [];
  const turns = data?.interactions.nodes ?? [];
  return (
    <>
      {pictures.length > 0 && (
        <Panel title="Pictures" note="The latest first">
          <ul class="grid">
            {pictures.map((tile) => (
              <li key={tile.fileHash}>
                <TileLink tile={tile} />
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Mentions" note="The latest first">
        <Problem problem={problem} again={again} />
        {!data && !problem && <Hollow rows={3} />}
        {data && turns.length === 0 && (
          <Empty title="Nobody mentioned them yet.">
            Turns that name them, or one of their aliases, appear here.
          </Empty>
        )}
        <ul class="feed">
          {turns.map(({ turnId, conversationId, userId, timestamp, query }) => (
            <li key={turnId}>
              <Moment at={timestamp} />
              <a
                class="clip"
                href={hrefOf(['memory', 'conversation', conversationId], { user: userId, turn: turnId })}
              >
                {query}
              </a>
            </li>
          ))}
        </ul>
      </Panel>
    </>
  );
}

function Profile({ character }: { character: Character }) {
  return (
    <Panel title="Profile" note={counted(character.conversationMentions, 'mention')}>
      <dl class="pairs">
        {FIELDS.filter(([, key]) => character[key] !== null && character[key] !== '').map(([label, key]) => (
          <Row key={key} label={label} value={String(character[key])} />
        ))}
        <dt>Changed</dt>
        <dd>
          <Moment at={character.updatedAt} />
        </dd>
      </dl>
    </Panel>
  );
}

function Row({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd class="words">{value}</dd>
    </>
  );
}

function Memories({ character }: { character: Character }) {
  const { nodes } = character.memories;
  return (
    <Panel title="What was said of them">
      {nodes.length === 0 && (
        <Empty title="Nothing was learned of them yet.">
          Facts about them are learned from conversations.
        </Empty>
      )}
      <ul class="feed">
        {nodes.map(({ factId, statement, recordedAt }) => (
          <li key={factId}>
            <Moment at={recordedAt} />
            <a href={hrefOf(['memory', 'fact', factId])}>{statement}</a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
