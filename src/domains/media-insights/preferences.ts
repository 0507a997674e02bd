import type { PicturedFact, PictureSource } from '../facts/from-media.ts';
import { keysOf } from '../facts/identity.ts';
import { predicateOf } from '../facts/predicates.ts';
import { cellOf } from './geohash.ts';
import type { ColorPalette, LocationData, VisualAnalysis } from './shapes.ts';
import type { MediaInsightRow } from './tables.ts';

/** What is looked at of a picture. */
export type SeenPicture = Pick<
  MediaInsightRow,
  | 'fileHash'
  | 'tags'
  | 'modelTags'
  | 'colorPalette'
  | 'visualAnalysis'
  | 'locationData'
  | 'latitude'
  | 'longitude'
  | 'dateTaken'
  | 'dateTakenLocal'
  | 'dateTakenSource'
  | 'createdAt'
>;

/** What pictures may show a preference for, by its predicate. `docs/media.md` has these rules for people. */
const KINDS = {
  photographs: { share: 0.1, most: 20, words: 'often photographs' },
  photographs_in: { share: 0.1, most: 10, words: 'often photographs in' },
  photographs_at: { share: 0.5, most: 2, words: 'mostly photographs' },
  photographs_in_colour: { share: 0.3, most: 3, words: 'often photographs in' },
} as const;
type Kind = keyof typeof KINDS;

/** Pictures, and days on which they were taken, that a preference needs at least. */
const LEAST_PICTURES = 20;
const LEAST_DAYS = 5;
/** One that is known stays while this part of what it needs is there: figures at a bound come and go. */
const STAYS = 0.75;
/** Pictures that are named as the sources of one; the latest. */
const SOURCES = 50;
/** The part of a picture that a colour must have to be seen in it. */
const COLOUR_SHARE = 0.25;
/** Of shadows, stone, skin and wood: what most pictures have says nothing of who takes them. */
const COMMON_COLOURS = ['black', 'grey', 'white', 'brown', 'beige'];
const GEOHASH_DIGITS = 5;
const LONGEST = 100;
const CONFIDENCE = 0.6;
/** From which hour on, by the clock of the picture. */
const PARTS_OF_DAY = [
  { from: 5, name: 'morning', words: 'in the morning' },
  { from: 11, name: 'midday', words: 'at midday' },
  { from: 14, name: 'afternoon', words: 'in the afternoon' },
  { from: 18, name: 'evening', words: 'in the evening' },
  { from: 22, name: 'night', words: 'at night' },
] as const;
/** The night goes on beyond midnight. */
const LAST_PART = PARTS_OF_DAY[4];

interface Trait {
  readonly kind: Kind;
  /** What the fact says. */
  readonly object: string;
  /** The same within a sentence. */
  readonly words: string;
  /** What is known of this picture. */
  readonly quote: string;
}

interface Candidate {
  readonly kind: Kind;
  object: string;
  words: string;
  pictures: number;
  readonly days: Set<string>;
  latest: PictureSource[];
}

/** Gathers what pictures have in common, one after the other. */
export class Preferences {
  /** By how facts are compared: "dog" and "dogs" are one. */
  readonly #candidates = new Map<string, Candidate>();
  readonly #keys = new Map<string, string>();
  /** Pictures that could show each kind. */
  readonly #bases = new Map<Kind, number>();
  readonly #clocks: Intl.DateTimeFormat | null;

  /** @param timeZone that the user chose, by which instants are read; null: nobody knows what their clocks said */
  constructor(timeZone: string | null) {
    this.#clocks = timeZone === null ? null : clocksOf(timeZone);
  }

  add(picture: SeenPicture): void {
    const clock = this.#clockOf(picture);
    const traits = new Map<string, Trait>();
    for (const trait of traitsOf(picture, clock)) traits.set(this.#keyOf(trait), trait);
    const kinds = new Set([...traits.values()].map(({ kind }) => kind));
    // A clock that says another time counts, too, and so does another colour.
    if (clock !== null) kinds.add('photographs_at');
    if (picture.colorPalette !== null) kinds.add('photographs_in_colour');
    for (const kind of kinds) this.#bases.set(kind, (this.#bases.get(kind) ?? 0) + 1);
    for (const [key, trait] of traits) this.#count(key, trait, picture);
  }

  /** @param known identity keys of facts that pictures show already, hexadecimal */
  facts(known: ReadonlySet<string>): PicturedFact[] {
    const chosen = [...this.#candidates].filter(([key, candidate]) => {
      const needed = known.has(key) ? STAYS : 1;
      const share = KINDS[candidate.kind].share * (this.#bases.get(candidate.kind) ?? 0);
      return (
        candidate.pictures >= LEAST_PICTURES * needed &&
        candidate.days.size >= LEAST_DAYS * needed &&
        candidate.pictures >= share * needed
      );
    });
    const ranked = chosen
      .map(([, candidate]) => candidate)
      .sort((a, b) => b.pictures - a.pictures || (a.object < b.object ? -1 : 1));
    return (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
      ranked
        .filter((candidate) => candidate.kind === kind)
        .slice(0, KINDS[kind].most)
        .map(factOf),
    );
  }

  /** What a clock showed where a picture was taken; null: nobody knows. */
  #clockOf({ dateTaken, dateTakenLocal, dateTakenSource }: SeenPicture): string | null {
    if (dateTakenLocal === null || dateTakenSource?.endsWith('(day only)')) return null;
    if (!isInstant(dateTakenSource)) return dateTakenLocal;
    return dateTaken && (this.#clocks?.format(dateTaken).replace(' ', 'T') ?? null);
  }

  #keyOf({ kind, object }: Trait): string {
    const said = `${kind} ${object}`;
    const known = this.#keys.get(said);
    if (known !== undefined) return known;
    const key = keysOf(saidOf(kind, object)).identityKey.toString('hex');
    this.#keys.set(said, key);
    return key;
  }

  #count(key: string, { kind, object, words, quote }: Trait, picture: SeenPicture): void {
    const candidate = this.#candidates.get(key) ?? {
      ...{ kind, object, words, pictures: 0, days: new Set<string>(), latest: [] },
    };
    this.#candidates.set(key, candidate);
    candidate.pictures++;
    // Of several ways to write it the same one each time.
    if (object < candidate.object) [candidate.object, candidate.words] = [object, words];
    const day = picture.dateTakenLocal?.slice(0, 10);
    if (day && candidate.days.size < LEAST_DAYS) candidate.days.add(day);
    const takenAt = picture.dateTaken ?? picture.createdAt;
    candidate.latest.push({ fileHash: picture.fileHash, quote, takenAt });
    if (candidate.latest.length > SOURCES * 4) candidate.latest = latestOf(candidate.latest);
  }
}

function saidOf(predicate: Kind, object: string) {
  return { subject: 'user', predicate, object, negated: false };
}

function factOf({ kind, object, words, latest }: Candidate): PicturedFact {
  return {
    ...saidOf(kind, object),
    statement: `user ${KINDS[kind].words} ${words}`,
    category: predicateOf(kind).category,
    confidence: CONFIDENCE,
    sources: latestOf(latest),
  };
}

function latestOf(sources: readonly PictureSource[]): PictureSource[] {
  return sources
    .toSorted((a, b) => b.takenAt.getTime() - a.takenAt.getTime() || (a.fileHash < b.fileHash ? -1 : 1))
    .slice(0, SOURCES);
}

function* traitsOf(picture: SeenPicture, clock: string | null): Generator<Trait> {
  for (const word of subjectsOf(picture)) {
    const object = word.trim().toLowerCase();
    if (object !== '' && object.length <= LONGEST)
      yield { kind: 'photographs', object, words: object, quote: word };
  }
  const place = placeOf(picture);
  if (place) yield { kind: 'photographs_in', ...place };
  if (clock !== null) {
    const { name: object, words } = partOfDay(clock);
    yield { kind: 'photographs_at', object, words, quote: clock };
    if (isWeekend(clock))
      yield { kind: 'photographs_at', object: 'weekend', words: 'at the weekend', quote: clock };
  }
  for (const { name, share } of (picture.colorPalette ?? []) as ColorPalette)
    if (share >= COLOUR_SHARE && !COMMON_COLOURS.includes(name))
      yield {
        ...{ kind: 'photographs_in_colour', object: name, words: name },
        quote: `${name} ${Math.round(share * 100)} %`,
      };
}

/** What persons and models say that it shows; what rules say is about its form. */
function subjectsOf({ tags, modelTags, visualAnalysis }: SeenPicture): string[] {
  const categories = (visualAnalysis as VisualAnalysis | null)?.model?.categories;
  const seen = Array.isArray(categories) ? categories.filter((each) => typeof each === 'string') : [];
  return [...tags, ...modelTags, ...seen];
}

/** As the file names it; else the cell of the earth that it is in. */
function placeOf({ locationData, latitude, longitude }: SeenPicture) {
  const { city, country } = (locationData as LocationData | null)?.places ?? {};
  if (city) {
    const object = [city, country].filter(Boolean).join(', ');
    if (object.length <= LONGEST) return { object, words: object, quote: object };
  }
  if (latitude === null || longitude === null) return null;
  const cell = cellOf(latitude, longitude, GEOHASH_DIGITS);
  const north = `${Math.abs(cell.latitude).toFixed(2)} ${cell.latitude < 0 ? 'south' : 'north'}`;
  const east = `${Math.abs(cell.longitude).toFixed(2)} ${cell.longitude < 0 ? 'west' : 'east'}`;
  const object = `${north}, ${east} (${cell.geohash})`;
  return { object, words: object, quote: `${latitude}, ${longitude}` };
}

/** Whether a source has instants only, which are kept in UTC: no clock showed that. */
function isInstant(source: string | null): boolean {
  return source?.startsWith('Takeout ') ?? false;
}

/** What clocks of a zone show, as `2024-05-06 20:00:00`. */
function clocksOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
}

/** @param clock what a clock showed */
function partOfDay(clock: string) {
  const hour = Number(clock.slice(11, 13));
  return PARTS_OF_DAY.findLast(({ from }) => hour >= from) ?? LAST_PART;
}

/** @param local a wall clock */
function isWeekend(local: string): boolean {
  return [0, 6].includes(new Date(`${local.slice(0, 10)}T00:00:00Z`).getUTCDay());
}
