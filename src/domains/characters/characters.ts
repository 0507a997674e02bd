import { z } from 'zod';
import type { Database } from '../../db/client.ts';
import { mapRow } from '../../db/statements.ts';
import { NotFound } from '../errors.ts';
import { jsonValueList, parseInput, text } from '../input.ts';
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
});

export type CharacterProfile = z.input<typeof CharacterProfile>;

interface Services {
  readonly db: Database;
  readonly config: { readonly defaultCreator: string };
  readonly characters: { changed(tenantId: string): void };
}

/**
 * Creates characters that are new and updates the fields given of those that are known, by name; all or nothing.
 * A deactivated character becomes active again.
 *
 * @returns rows in the order given
 * @throws InvalidInput naming the entry, the field and its limit
 */
export async function upsertCharacters(
  services: Services,
  tenantId: string,
  inputs: readonly CharacterProfile[],
): Promise<CharacterRow[]> {
  const profiles = parseInput(
    z
      .array(CharacterProfile)
      .min(1, { error: 'must have at least 1 entry' })
      .max(MAX_CHARACTERS_PER_CALL, { error: `must have at most ${MAX_CHARACTERS_PER_CALL} entries` }),
    inputs,
    'inputs',
  );
  const rows = await services.db.transaction(async (client) => {
    const written: CharacterRow[] = [];
    // By name, so that two calls never wait for each other's rows; those of one name stay in their order.
    const entries = [...profiles.entries()].sort(([, a], [, b]) => compare(a.characterName, b.characterName));
    for (const [index, profile] of entries) {
      const { text: statement, values } = upsertStatement(tenantId, profile, services.config.defaultCreator);
      const result = await client.query(statement, values);
      written[index] = mapRow(characters, result.rows[0]);
    }
    return written;
  });
  services.characters.changed(tenantId);
  return rows;
}

/**
 * Hides a character from queries and lists; its row stays.
 *
 * @throws NotFound if there is no active character of that name
 */
export async function deactivateCharacter(
  services: Services,
  tenantId: string,
  name: string,
): Promise<CharacterRow> {
  const values = [parseInput(text(100), name, 'name'), tenantId];
  const result = await services.db.transaction((client) =>
    client.query({
      name: 'deactivate_character',
      text: `update character_profiles set is_active = false, updated_at = now()
             where character_name = $1 and tenant_id = $2 and is_active returning *`,
      values,
    }),
  );
  if (!result.rows[0]) throw new NotFound('name', `there is no active character "${name}"`);
  const row = mapRow(characters, result.rows[0]);
  services.characters.changed(tenantId);
  return row;
}

function upsertStatement(
  tenantId: string,
  profile: z.output<typeof CharacterProfile>,
  defaultCreator: string,
) {
  const given = Object.entries(profile).filter(([, value]) => value !== undefined && value !== null);
  const columns = given.map(([key]) => characters[key as keyof CharacterProfile].name);
  const values = given.map(([, value]) =>
    Array.isArray(value) && value !== profile.aliases ? JSON.stringify(value) : value,
  );
  const updates = columns.map((column) => `${column} = excluded.${column}`);
  if (!profile.creator) add(columns, values, 'creator', defaultCreator);
  if (!profile.sourceFranchise) add(columns, values, 'source_franchise', 'original');
  add(columns, values, 'tenant_id', tenantId);
  return {
    text: `insert into character_profiles (${columns.join(', ')}) values (${columns.map((_, n) => `$${n + 1}`).join(', ')})
           on conflict (character_name, tenant_id)
           do update set ${[...updates, 'is_active = true', 'updated_at = now()'].join(', ')} returning *`,
    values,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function add(columns: string[], values: unknown[], column: string, value: string): void {
  const known = columns.indexOf(column);
  if (known >= 0) values[known] = value;
  else {
    columns.push(column);
    values.push(value);
  }
}
