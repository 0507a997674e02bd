import { isDeepStrictEqual } from 'node:util';
import type { PoolClient } from 'pg';
import { z } from 'zod';
import { mayActForOthers, type Principal } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import { mapRow, onlyRow, type RawRow } from '../../db/statements.ts';
import { Forbidden } from '../../errors.ts';
import { jsonValueList, parseInput, text } from '../../ground/input.ts';
import { type CharacterChange, noteChanges } from './changes.ts';
import { checkLimits, extentOf } from './limits.ts';
import { nameKeyOf } from './name-key.ts';
import { isMatchedAnew, type PictureMatching } from './reference-images.ts';
import { type CharacterRow, characters } from './tables.ts';

export const MAX_CHARACTERS_PER_CALL = 500;
export const MAX_ALIASES = 50;

const long = text(20_000, 0).nullish();
const short = (maximum: number) => text(maximum, 0).nullish();

/** A character's profile as a caller gives it; fields that are absent stay as they are. */
const CharacterProfile = z.object({
  characterName: text(100).refine((name) => name.trim() === name, {
    error: 'must not start or end with white space',
  }),
  aliases: z
    .array(text(100))
    .max(MAX_ALIASES, { error: `must have at most ${MAX_ALIASES} entries` })
    .nullish(),
  creator: short(100),
  sourceFranchise: short(200),
  characterType: short(50),
  age: z
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must be at least 0' })
    .max(1_000_000, { error: 'must be at most 1,000,000' })
    .nullish(),
  gender: short(20),
  physicalDescription: long,
  height: short(20),
  build: short(50),
  hairColor: short(100),
  hairStyle: short(100),
  eyeColor: short(100),
  distinctiveFeatures: long,
  personalityTraits: long,
  backgroundStory: long,
  occupation: short(100),
  skillsAbilities: long,
  relationships: long,
  visualStyle: short(100),
  artStyle: short(100),
  referenceImages: jsonValueList.nullish(),
  styleElements: jsonValueList.nullish(),
  generationPrompts: long,
  notes: long,
  /** Absent: shared where the caller may write shared ones, else the caller's own. */
  shared: z.boolean().nullish(),
  /** Fields that are not given become empty, instead of staying as they are. */
  replace: z.boolean().nullish(),
});

export type CharacterProfile = z.input<typeof CharacterProfile>;
type Profile = z.output<typeof CharacterProfile>;

/** What cards of characters said before others came, by the characters' numbers. */
export type FormerCards = ReadonlyMap<number, NonNullable<CharacterChange['card']>>;

/** What a write did to a character. */
export type CharacterOutcome = 'CREATED' | 'CHANGED' | 'UNCHANGED';

export interface WrittenCharacter {
  readonly row: CharacterRow;
  readonly outcome: CharacterOutcome;
}

export interface CharacterServices {
  readonly db: Database;
  readonly config: { readonly defaultCreator: string };
  readonly characters: {
    changed(tenantId: string, userId: string | null): void;
    readonly pictures: PictureMatching | null;
  };
}

/**
 * Creates characters that are new and updates the fields given of those that are known, by name; all or nothing.
 * A deactivated character becomes active again. Names are the same that differ in case, accents or punctuation only;
 * the one that is stored keeps its spelling. Users write their own characters, known to them alone; shared ones
 * belong to admins and services.
 *
 * @returns in the order given
 * @throws InvalidInput naming the entry, the field and its limit; Forbidden for a shared one of somebody else
 */
export async function upsertCharacters(
  services: CharacterServices,
  by: Principal,
  inputs: readonly CharacterProfile[],
): Promise<WrittenCharacter[]> {
  const profiles = parseInput(
    z
      .array(CharacterProfile)
      .min(1, { error: 'must have at least 1 entry' })
      .max(MAX_CHARACTERS_PER_CALL, { error: `must have at most ${MAX_CHARACTERS_PER_CALL} entries` }),
    inputs,
    'inputs',
  );
  const owners = profiles.map(({ shared }, index) => ownerOf(by, shared, `inputs.${index}.shared`));
  return writeAll(services, by, { profiles, owners, field: 'inputs' });
}

/**
 * The same of one: problems name the field alone.
 *
 * @param also what belongs to it is written in the same transaction; it says which cards it replaced
 * @throws InvalidInput, Forbidden
 */
export async function upsertCharacter(
  services: CharacterServices,
  by: Principal,
  given: CharacterProfile,
  also?: Also,
): Promise<WrittenCharacter> {
  const profile = parseInput(CharacterProfile, given);
  const owners = [ownerOf(by, profile.shared, 'shared')];
  const [written] = await writeAll(services, by, { profiles: [profile], owners, field: 'input', also });
  if (!written) throw new Error('upsert returned no row');
  return written;
}

/** What is written with characters. @returns the cards that it replaced */
export type Also = (client: PoolClient, written: readonly WrittenCharacter[]) => Promise<FormerCards>;

interface Writing {
  readonly profiles: readonly Profile[];
  /** Whose each is; null: all users'. */
  readonly owners: readonly (string | null)[];
  /** What names them all, for a limit that they exceed together. */
  readonly field: string;
  readonly also?: Also | undefined;
}

async function writeAll(
  services: CharacterServices,
  by: Principal,
  { profiles, owners, field, also }: Writing,
): Promise<WrittenCharacter[]> {
  const written: WrittenCharacter[] = [];
  await services.db.transaction(async (client) => {
    const changes: CharacterChange[] = [];
    // The shared ones first, so that two calls never wait for each other.
    for (const userId of [null, by.userId]) {
      const entries = [...profiles.entries()].filter(([index]) => owners[index] === userId);
      if (entries.length === 0) continue;
      await lockCharacters(client, by.tenantId, userId);
      const owner = { tenantId: by.tenantId, userId };
      const before = await extentOf(client, owner);
      const known = await knownCharacters(client, owner, entries);
      let showsAnother = false;
      for (const [index, profile] of entries) {
        const stored = known.get(profile.characterName) ?? known.get(nameKeyOf(profile.characterName));
        const one = await writeCharacter(client, owner, profile, { stored, ...services.config });
        showsAnother ||= isMatchedAnew(stored, one.row);
        written[index] = one;
        changes.push({ kind: stored ? 'CHANGED' : 'CREATED', before: stored ?? null, after: one.row });
        known.set(one.row.characterName, one.row).set(nameKeyOf(one.row.characterName), one.row);
      }
      await checkLimits(client, owner, before, field);
      if (showsAnother) await services.characters.pictures?.order(client, owner, by.userId);
    }
    const cards = await also?.(client, written);
    await noteChanges(
      client,
      by,
      changes.map((change) => ({ ...change, card: cards?.get(change.after.id) })),
    );
  });
  services.characters.pictures?.wake();
  const changed = owners.filter((_, index) => written[index]?.outcome !== 'UNCHANGED');
  for (const userId of new Set(changed)) services.characters.changed(by.tenantId, userId);
  return written;
}

/** Whose a character is that the caller writes; null: all users'. @throws Forbidden */
export function ownerOf(by: Principal, shared: boolean | null | undefined, field: string): string | null {
  const mayShare = mayActForOthers(by);
  if (shared && !mayShare)
    throw new Forbidden(`${field}: only an admin or a service writes characters that all users share`);
  return (shared ?? mayShare) ? null : by.userId;
}

/** One writer at a time for what belongs together, so that limits and names hold. */
export async function lockCharacters(
  client: PoolClient,
  tenantId: string,
  userId: string | null,
): Promise<void> {
  await client.query({
    name: 'lock_characters',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [JSON.stringify(['characters', tenantId, userId])],
  });
}

interface Ownership {
  readonly tenantId: string;
  readonly userId: string | null;
}

/** The owner's characters that the entries may mean: by their names as they are written, and by the names' keys. */
async function knownCharacters(
  client: PoolClient,
  { tenantId, userId }: Ownership,
  entries: readonly [number, Profile][],
): Promise<Map<string, CharacterRow>> {
  const names = entries.map(([, { characterName }]) => characterName);
  const { rows } = await client.query<RawRow>({
    name: 'known_characters',
    text: `select * from character_profiles where tenant_id = $1 and user_id is not distinct from $2
             and (character_name = any($3::text[]) or name_key = any($4::text[])) order by is_active, id desc`,
    values: [tenantId, userId, names, names.map(nameKeyOf)],
  });
  const known = new Map<string, CharacterRow>();
  const found = rows.map((raw) => mapRow(characters, raw));
  for (const row of found) known.set(nameKeyOf(row.characterName), row);
  for (const row of found) known.set(row.characterName, row);
  return known;
}

async function writeCharacter(
  client: PoolClient,
  owner: Ownership,
  { shared: _shared, replace, ...profile }: Profile,
  { stored, defaultCreator }: { stored: CharacterRow | undefined; defaultCreator: string },
): Promise<WrittenCharacter> {
  const { characterName } = profile;
  const given = Object.entries(profile).filter(([, value]) => value !== undefined && value !== null);
  const fields: Record<string, unknown> = {
    ...(replace || !stored ? EMPTY : {}),
    ...(replace || !stored ? { creator: defaultCreator } : {}),
    ...Object.fromEntries(given),
    ...(stored ? { characterName: stored.characterName, isActive: true } : {}),
  };
  if (fields.creator === '') fields.creator = defaultCreator;
  if (fields.sourceFranchise === '') fields.sourceFranchise = EMPTY.sourceFranchise;
  if (
    stored &&
    Object.entries(fields).every(([key, value]) =>
      isDeepStrictEqual(value, stored[key as keyof CharacterRow]),
    )
  )
    return { row: stored, outcome: 'UNCHANGED' };
  const columns = Object.keys(fields).map((key) => characters[key as keyof CharacterRow].name);
  const values = Object.entries(fields).map(([key, value]) =>
    key !== 'aliases' && Array.isArray(value) ? JSON.stringify(value) : value,
  );
  const places = columns.map((_, index) => `$${index + 1}`);
  const own = (offset: number) => `$${values.length + offset}`;
  const written = stored
    ? await client.query<RawRow>(
        `update character_profiles set ${columns.map((column, index) => `${column} = ${places[index]}`).join(', ')},
           updated_at = now() where id = ${own(1)} and tenant_id = ${own(2)} returning *`,
        [...values, stored.id, owner.tenantId],
      )
    : await client.query<RawRow>(
        `insert into character_profiles (${columns.join(', ')}, tenant_id, user_id, name_key)
         values (${places.join(', ')}, ${own(1)}, ${own(2)}, ${own(3)}) returning *`,
        [...values, owner.tenantId, owner.userId, nameKeyOf(characterName)],
      );
  return { row: mapRow(characters, onlyRow(written)), outcome: stored ? 'CHANGED' : 'CREATED' };
}

/** A profile that says nothing. */
const EMPTY = {
  aliases: [],
  sourceFranchise: 'original',
  characterType: 'original',
  ...Object.fromEntries(
    (
      [
        ...['age', 'gender', 'physicalDescription', 'height', 'build', 'hairColor', 'hairStyle', 'eyeColor'],
        ...['distinctiveFeatures', 'personalityTraits', 'backgroundStory', 'occupation', 'skillsAbilities'],
        ...['relationships', 'visualStyle', 'artStyle', 'generationPrompts', 'notes'],
      ] as (keyof CharacterRow)[]
    ).map((name) => [name, null]),
  ),
  referenceImages: [],
  styleElements: [],
};
