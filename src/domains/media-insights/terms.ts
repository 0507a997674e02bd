import type { Owner } from '../../access/principals.ts';
import { foldLetters } from '../../ground/letters.ts';
import { ANALYSIS_VERSION, analyse, requiredWords } from '../word-index/analysis.ts';
import { askedDates, datesWritten, englishDateTerm, wordsOfDate } from './date-words.ts';
import { digestOf } from './owners.ts';
import type { MediaInsightRow } from './tables.ts';

/** Raised with every change of what an insight is found by; the analysis of words counts in it. */
const OWN_VERSION = 1;
/** Of the terms that are made now: insights with another version get theirs again (`renewed-terms.ts`). */
export const TERMS_VERSION = ANALYSIS_VERSION * 1_000 + OWN_VERSION;

/** Characters of one text (a caption, what a model wrote) that are found. */
const MAX_TEXT = 20_000;
/** Texts of one value of JSON, and how deep they may lie. */
const MAX_TEXTS = 500;
const MAX_DEPTH = 8;
const KEY_LENGTH = 8;
/** How people call what has this type, beside its own name. */
const KINDS: Readonly<Record<string, string>> = { image: 'image', video: 'video film clip' };
const TYPES: Readonly<Record<string, string>> = {
  jpeg: 'jpg',
  quicktime: 'mov',
  tiff: 'tif',
  'x-matroska': 'mkv',
};

/** What the terms of an insight are made of. */
export type DescribedInsight = Owner &
  Pick<
    MediaInsightRow,
    | 'filePath'
    | 'mediaType'
    | 'dateTaken'
    | 'dateTakenLocal'
    | 'latitude'
    | 'tags'
    | 'ruleTags'
    | 'modelTags'
    | 'categories'
    | 'colorPalette'
    | 'compositionNotes'
    | 'visualAnalysis'
    | 'stylePreferences'
    | 'locationData'
    | 'cameraMake'
    | 'cameraModel'
    | 'cameraMetadata'
    | 'characterReferences'
  >;

/** Conditions for which an insight has a term that says exactly this. */
export type ExactTerm = 'tag' | 'category' | 'character' | 'camera';

/**
 * All that an insight is found by, for the column `search_terms` (with `terms_version` TERMS_VERSION): the words of
 * everything that is known of it, as the index of turns analyses them, and its tags, categories, characters and camera
 * once more as a whole. Each begins with a key of its owner, so that a search reads nobody else's.
 */
export function termsOf(insight: DescribedInsight): string[] {
  const key = keyOf(insight);
  const terms = new Set<string>();
  for (const text of textsOf(insight)) for (const word of wordsIn(text)) terms.add(`${key}:${word}`);
  for (const word of dateWords(insight)) terms.add(`${key}:${word}`);
  const exact = (kind: ExactTerm, values: Iterable<string>) => {
    for (const value of values) terms.add(exactTerm(insight, kind, value));
  };
  exact('tag', [...insight.tags, ...insight.ruleTags, ...insight.modelTags]);
  exact('category', insight.categories);
  exact('character', charactersIn(insight.characterReferences));
  exact('camera', cameraWords(insight));
  return [...terms];
}

/** The term of an insight that has this very tag, in any case and with any accents. */
export function exactTerm(owner: Owner, kind: ExactTerm, value: string): string {
  return `${keyOf(owner)}=${kind}=${foldLetters(value.normalize('NFKC').toLowerCase())}`;
}

/** Terms that must all be there: of each list one. */
export type RequiredTerms = readonly (readonly string[])[];

/**
 * What an insight must have to be found by a text: all words that carry meaning, each in one of its forms. Empty for a
 * text without any.
 */
export function requiredTerms(owner: Owner, text: string): RequiredTerms {
  const key = keyOf(owner);
  const { dates, rest } = askedDates(text);
  const words = requiredWords(rest).map((forms) => [
    ...new Set(forms.flatMap((form) => [form, englishDateTerm(form) ?? form])),
  ]);
  return [...dates.map((date) => [date]), ...words].map((forms) => forms.map((form) => `${key}:${form}`));
}

/** The same of a camera: words of its make and its model only. */
export function requiredCamera(owner: Owner, text: string): RequiredTerms {
  return requiredWords(text).map((forms) => forms.map((form) => exactTerm(owner, 'camera', form)));
}

/** The names of characters in a picture. @param references the column `character_references` */
export function charactersIn(references: unknown): string[] {
  if (!Array.isArray(references)) return [];
  return references.flatMap((reference: { name?: unknown } | null) =>
    typeof reference?.name === 'string' ? [reference.name] : [],
  );
}

function* textsOf(insight: DescribedInsight): Generator<string> {
  const [kind = '', type = ''] = insight.mediaType.split('/');
  yield `${KINDS[kind] ?? ''}. ${type}. ${TYPES[type] ?? ''}`;
  yield* insight.filePath.split('/');
  yield* [...insight.tags, ...insight.ruleTags, ...insight.modelTags, ...insight.categories];
  yield* paletteNames(insight.colorPalette);
  yield* charactersIn(insight.characterReferences);
  yield* cameraTexts(insight);
  yield insight.compositionNotes ?? '';
  for (const value of [insight.visualAnalysis, insight.locationData, insight.stylePreferences])
    yield* stringsIn(value);
}

function* cameraTexts({ cameraMake, cameraModel, cameraMetadata }: DescribedInsight): Generator<string> {
  yield [cameraMake, cameraModel].filter(Boolean).join(' ');
  const lens = (cameraMetadata as { lens?: unknown } | null)?.lens;
  if (typeof lens === 'string') yield lens;
}

function* paletteNames(palette: unknown): Generator<string> {
  if (!Array.isArray(palette)) return;
  for (const color of palette as ({ name?: unknown } | null)[])
    if (typeof color?.name === 'string') yield color.name;
}

function cameraWords({ cameraMake, cameraModel }: DescribedInsight): Set<string> {
  return wordsIn([cameraMake, cameraModel].filter(Boolean).join(' '));
}

/** The words of a text in all forms by which they may be asked for. */
function wordsIn(text: string): Set<string> {
  const { counts, parts } = analyse(text.slice(0, MAX_TEXT));
  return new Set([...counts.keys(), ...parts, ...datesWritten(text.slice(0, MAX_TEXT))]);
}

function dateWords({ dateTakenLocal, dateTaken, latitude }: DescribedInsight): string[] {
  const local = dateTakenLocal ?? dateTaken?.toISOString();
  if (local === undefined) return [];
  // Dates in one, such as 2024-05, stay as they are.
  return wordsOfDate(local, latitude).flatMap((word) =>
    /^\d/.test(word) ? [word] : [...analyse(word).counts.keys()],
  );
}

/** All texts of a value of JSON, but for names of its fields. */
function stringsIn(value: unknown): string[] {
  const found: string[] = [];
  const look = (part: unknown, depth: number) => {
    if (found.length >= MAX_TEXTS || depth > MAX_DEPTH) return;
    if (typeof part === 'string') found.push(part);
    else if (typeof part === 'object' && part !== null)
      for (const inner of Object.values(part)) look(inner, depth + 1);
  };
  look(value, 0);
  return found;
}

function keyOf(owner: Owner): string {
  return digestOf(owner).slice(0, KEY_LENGTH);
}
