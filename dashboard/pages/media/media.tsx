import '../../styles/media.css';
import {
  type MediaBox,
  type MediaData,
  MediaFigures,
  type MediaKind,
  Media as MediaPages,
  type MediaState,
} from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { connectionPage, usePages } from '../../server/pages.ts';
import { More } from '../../view/more.tsx';
import { Empty, Hollow, Page, Problem } from '../../view/parts.tsx';
import { hrefOf, place } from '../../view/router.ts';
import { asked, ChoiceField, SearchField } from '../../view/search-field.tsx';
import { Tabs } from '../../view/tabs.tsx';
import { bytes, count, counted } from '../../view/words.ts';
import { DuplicatesPanel } from './duplicates-panel.tsx';
import { PicturePage } from './picture-page.tsx';
import { PlacesPanel } from './places-panel.tsx';
import { type Tile, TileLink } from './tile.tsx';

const PAGE = 60;
const TABS = [
  { path: ['media'], title: 'Pictures and videos' },
  { path: ['media', 'places'], title: 'Places' },
  { path: ['media', 'duplicates'], title: 'Duplicates' },
];
const pageOf = ({ mediaInsights }: MediaData) => connectionPage<Tile>(mediaInsights);

/** Pictures and videos that were indexed. */
export function Media() {
  const [, part, hash] = place.value.parts;
  if (part === 'picture' && hash) return <PicturePage key={hash} fileHash={hash} />;
  return (
    <Page title="Media">
      <Tabs label="Media" tabs={TABS} />
      {part === 'duplicates' ? <DuplicatesPanel /> : part === 'places' ? <PlacesPanel /> : <Grid />}
    </Page>
  );
}

function Grid() {
  const filter = {
    text: asked('q') || null,
    kind: (asked('kind') || null) as MediaKind | null,
    state: (asked('state') || null) as MediaState | null,
    box: askedBox(),
  };
  const pages = usePages(MediaPages, { first: PAGE, filter }, pageOf);
  const { items, problem, again } = pages;
  return (
    <>
      <Figures />
      <div class="filters">
        <SearchField name="q" label="Words, tags, places" />
        <ChoiceField
          name="kind"
          label="Kind"
          choices={[
            ['', 'Both'],
            ['IMAGE', 'Pictures'],
            ['VIDEO', 'Videos'],
          ]}
        />
        <ChoiceField
          name="state"
          label="State"
          choices={[
            ['', 'Any'],
            ['PRESENT', 'Present'],
            ['VANISHED', 'Vanished'],
            ['BROKEN', 'Broken'],
          ]}
        />
      </div>
      {filter.box && (
        <p class="notice">
          Only what was taken in one place. <a href={hrefOf(['media'])}>Show all</a>
        </p>
      )}
      <Problem problem={problem} again={again} />
      {items === null && !problem && <Hollow rows={2} height={200} />}
      {items?.length === 0 && (
        <Empty title="No picture is like this.">
          Set <code>MEDIA_ROOTS</code> to the folders that may be read, then <code>indexMedia</code> makes a
          task that reads one.
        </Empty>
      )}
      <ul class="grid">
        {items?.map((tile) => (
          <li key={tile.fileHash}>
            <TileLink tile={tile} />
          </li>
        ))}
      </ul>
      <More of={pages}>More</More>
    </>
  );
}

/** A square of the globe, as the list of places names it. */
function askedBox(): MediaBox | null {
  const [south, north, west, east] = asked('box').split(' ').map(Number);
  if (south === undefined || north === undefined || west === undefined || east === undefined) return null;
  return { south, north, west, east };
}

function Figures() {
  const { data } = useAnswer(MediaFigures, {});
  const stats = data?.mediaStats;
  // Its line is there from the beginning, so that nothing moves.
  if (!stats) return <p class="soft figures">…</p>;
  if (stats.total === 0) return <p class="soft figures">Nothing is indexed yet.</p>;
  return (
    <p class="soft number figures">
      {counted(stats.total, 'picture or video', 'pictures and videos')}, {bytes(stats.bytes)};{' '}
      {count(stats.withDate)} with a date, {count(stats.withLocation)} with a place;{' '}
      {counted(stats.copies, 'copy', 'copies')}, {counted(stats.nearDuplicates, 'near duplicate')};{' '}
      {count(stats.vanished)} vanished, {count(stats.broken)} broken
    </p>
  );
}
