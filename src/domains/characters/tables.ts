import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  serial,
  text,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { bytes, instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** The profile of a fictional character, used when a query mentions them. */
export const characters = pgTable(
  'character_profiles',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    /** Whose own it is, and known to nobody else; null: shared by all users of the tenant. */
    userId: text('user_id'),
    characterName: varchar('character_name', { length: 100 }).notNull(),
    /** By which names are the same that differ in case, accents or punctuation; null: not made yet. */
    nameKey: text('name_key'),
    aliases: text('aliases').array().notNull().default(sql`'{}'::text[]`),
    creator: varchar('creator', { length: 100 }).notNull(),
    sourceFranchise: varchar('source_franchise', { length: 200 }).notNull(),
    characterType: varchar('character_type', { length: 50 }).notNull().default('original'),
    age: integer('age'),
    gender: varchar('gender', { length: 20 }),
    physicalDescription: text('physical_description'),
    height: varchar('height', { length: 20 }),
    build: varchar('build', { length: 50 }),
    hairColor: varchar('hair_color', { length: 100 }),
    hairStyle: varchar('hair_style', { length: 100 }),
    eyeColor: varchar('eye_color', { length: 100 }),
    distinctiveFeatures: text('distinctive_features'),
    personalityTraits: text('personality_traits'),
    backgroundStory: text('background_story'),
    occupation: varchar('occupation', { length: 100 }),
    skillsAbilities: text('skills_abilities'),
    relationships: text('relationships'),
    visualStyle: varchar('visual_style', { length: 100 }),
    artStyle: varchar('art_style', { length: 100 }),
    referenceImages: jsonb('reference_images').$type<unknown[]>().notNull().default([]),
    styleElements: jsonb('style_elements').$type<unknown[]>().notNull().default([]),
    generationPrompts: text('generation_prompts'),
    generationCount: integer('generation_count').notNull().default(0),
    consistencyScore: numeric('consistency_score', { precision: 3, scale: 2, mode: 'number' })
      .notNull()
      .default(0),
    lastGenerated: instant('last_generated'),
    conversationMentions: integer('conversation_mentions').notNull().default(0),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    notes: text('notes'),
    isActive: boolean('is_active').notNull().default(true),
  },
  (table) => [
    unique('character_profiles_name_key')
      .on(table.characterName, table.tenantId, table.userId)
      .nullsNotDistinct(),
    index('character_profiles_owner_idx').on(table.userId, table.tenantId),
    index('character_profiles_name_key_idx').on(table.nameKey, table.tenantId),
    index('character_profiles_creator_idx').on(table.creator),
    index('character_profiles_source_franchise_idx').on(table.sourceFranchise),
    check('character_profiles_consistency_check', sql`${table.consistencyScore} between 0 and 1`),
  ],
);

export type CharacterRow = typeof characters.$inferSelect;

/**
 * The card that a character came in by, as it was written: what a profile has no place for is kept in it, and an export
 * begins with it.
 */
export const characterCards = pgTable(
  'character_cards',
  {
    characterId: integer('character_id')
      .primaryKey()
      .references(() => characters.id, { onDelete: 'cascade' }),
    tenantId: tenantId(),
    userId: text('user_id'),
    /** JSON as text: jsonb would change the order of its fields, and refuses some texts. */
    card: text('card').notNull(),
    /** What the profile said when the card came: what was changed since goes before the card. */
    profile: jsonb('profile').$type<Record<string, unknown>>().notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [index('character_cards_owner_idx').on(table.userId, table.tenantId)],
);

/** What came with a card: its picture, and the other files of an archive. */
export const characterCardFiles = pgTable(
  'character_card_files',
  {
    characterId: integer('character_id')
      .notNull()
      .references(() => characters.id, { onDelete: 'cascade' }),
    tenantId: tenantId(),
    userId: text('user_id'),
    /** In the archive; empty: the picture that the card lay in. */
    path: text('path').notNull(),
    content: bytes('content').notNull(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.characterId, table.path] }),
    index('character_card_files_owner_idx').on(table.userId, table.tenantId),
  ],
);

export type CharacterCardRow = typeof characterCards.$inferSelect;

/** What a change did. */
export type CharacterChangeKind = 'CREATED' | 'CHANGED' | 'DEACTIVATED' | 'REACTIVATED' | 'UNDONE';

/** What was changed in profiles, when, and by whom. */
export const characterChanges = pgTable(
  'character_changes',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id'),
    characterId: integer('character_id')
      .notNull()
      .references(() => characters.id, { onDelete: 'cascade' }),
    changeId: uuid('change_id').notNull().defaultRandom(),
    kind: text('kind').$type<CharacterChangeKind>().notNull(),
    changedAt: instant('changed_at').notNull().defaultNow(),
    changedBy: text('changed_by').notNull(),
    /** Of the profile, by the names that clients know; `card`: the card, too. */
    fields: text('fields').array().notNull(),
    /** What these said; null: there was no character. */
    before: jsonb('before').$type<Record<string, unknown>>(),
    after: jsonb('after').$type<Record<string, unknown>>().notNull(),
    /** The card before, where the change brought another one, with its `profile`; null: there was none. */
    cardBefore: text('card_before'),
    /** Id of the change that it takes back. */
    undoes: uuid('undoes'),
    undone: boolean('undone').notNull().default(false),
  },
  (table) => [
    // Restored ones keep their ids, so these are their owner's.
    unique('character_changes_change_id_key')
      .on(table.changeId, table.tenantId, table.userId)
      .nullsNotDistinct(),
    index('character_changes_character_idx').on(table.characterId, table.changedAt, table.id),
    index('character_changes_owner_idx').on(table.userId, table.tenantId, table.id),
    check(
      'character_changes_kind_check',
      sql`${table.kind} in ('CREATED', 'CHANGED', 'DEACTIVATED', 'REACTIVATED', 'UNDONE')`,
    ),
  ],
);

export type CharacterChangeRow = typeof characterChanges.$inferSelect;

export const duties: readonly Duty[] = [
  {
    table: characterChanges,
    owner: { user: characterChanges.userId },
    erasure: { rows: 'delete', left: 'characters', names: [characterChanges.changedBy] },
    exported: { lines: 'character_change' },
    audited: { not: 'the change of the character is' },
    kept: { until: 'their character has 50 later ones' },
  },
  {
    table: characterCards,
    owner: { user: characterCards.userId },
    erasure: { rows: 'delete', left: 'characters' },
    exported: { lines: 'character_card' },
    audited: { not: 'the character is, which is stored with it' },
    kept: 'until they are deleted',
  },
  {
    table: characterCardFiles,
    owner: { user: characterCardFiles.userId },
    erasure: { rows: 'delete', left: 'characters' },
    exported: { lines: 'character_card_file' },
    audited: { not: 'the character is, which is stored with it' },
    kept: 'until they are deleted',
  },
  {
    table: characters,
    owner: { user: characters.userId },
    erasure: { rows: 'delete', counted: 'characters', left: 'characters' },
    exported: { lines: 'character' },
    audited: [
      // Shared ones, by their name.
      { on: 'INSERT', action: 'character.store', trigger: { target: characters.characterName } },
      { on: 'UPDATE', action: 'character.store', trigger: { target: characters.characterName } },
      { on: 'DELETE', action: 'character.store', trigger: { target: characters.characterName } },
      // A user's own, by their number, since admins read the log.
      {
        on: 'INSERT',
        action: 'character.store',
        trigger: { target: characters.id, owner: characters.userId },
      },
      {
        on: 'UPDATE',
        action: 'character.store',
        trigger: { target: characters.id, owner: characters.userId },
      },
      {
        on: 'DELETE',
        action: 'character.erase',
        trigger: { target: characters.id, owner: characters.userId },
      },
    ],
    kept: 'until they are deleted',
  },
];
