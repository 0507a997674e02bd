import { Characters as CharacterPages, type CharactersData } from '../../operations.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Page, Problem, Tag } from '../../view/parts.tsx';
import { hrefOf, place } from '../../view/router.ts';
import { asked, SearchField } from '../../view/search-field.tsx';
import { counted } from '../../view/words.ts';
import { Thumbnail } from '../media/thumbnail.tsx';
import { CharacterPage } from './character-page.tsx';
import '../../styles/characters.css';
import '../../styles/media.css';

type Card = CharactersData['characters']['nodes'][number];

const PAGE = 60;
const pageOf = ({ characters }: CharactersData) => connectionPage<Card>(characters);

/** Who is known by name. */
export function Characters() {
  const [, name] = place.value.parts;
  return name ? <CharacterPage key={name} name={name} /> : <Cards />;
}

function Cards() {
  const search = asked('q');
  const pages = usePages(CharacterPages, { first: PAGE, filter: { search: search || null } }, pageOf);
  const { items, problem, again } = pages;
  return (
    <Page
      title="Characters"
      intro="Who is known by name; questions about them are answered from their profile."
    >
      <div class="filters">
        <SearchField name="q" label="Name, alias or description" />
      </div>
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={3} height={110} />}
      {items?.length === 0 && (
        <Empty title={search ? 'No character is like this.' : 'No character is known.'}>
          <code>upsertCharacter</code> adds one, and <code>npm run import</code> reads character cards.
        </Empty>
      )}
      <ul class="grid">
        {items?.map((card) => (
          <li key={card.characterName}>
            <CharacterCard card={card} />
          </li>
        ))}
      </ul>
      <More of={pages}>More characters</More>
    </Page>
  );
}

function CharacterCard({ card }: { card: Card }) {
  const {
    characterName,
    occupation,
    characterType,
    sourceFranchise,
    shared,
    conversationMentions,
    portraitHash,
  } = card;
  return (
    <a class="panel character" href={hrefOf(['characters', characterName])}>
      {portraitHash ? (
        <Thumbnail url={`/media/${portraitHash}/256.webp`} words="" />
      ) : (
        <Initials name={characterName} />
      )}
      <strong>{characterName}</strong>
      <span class="soft">{occupation ?? characterType}</span>
      <span class="under">{sourceFranchise}</span>
      <span class="under number">{counted(conversationMentions, 'mention')}</span>
      {!shared && <Tag tone="sea">yours alone</Tag>}
    </a>
  );
}

export function Initials({ name }: { name: string }) {
  const letters = name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => Array.from(word)[0]?.toUpperCase() ?? '')
    .join('');
  return (
    <span class="initials" aria-hidden="true">
      {letters}
    </span>
  );
}
