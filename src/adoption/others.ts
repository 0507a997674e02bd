import { createHash } from 'node:crypto';
import { turnIdOf } from '../domains/interactions/turn.ts';
import { beginningOf } from '../texts.ts';
import type { OlderRow } from './older-row.ts';
import type { TurnOwner } from './turns.ts';

/** A row of a table whose rows stand alone, as a line of an export. */
export interface AdoptedRow {
  readonly line: Readonly<Record<string, unknown>>;
  /** By which the server knows it. */
  readonly key: string;
}

/** How the rows of such a table become lines. */
export interface Adoptable {
  readonly table: string;
  readonly kind: string;
  /** The field of a line that has its key. */
  readonly keyField: string;
  /** Without which the table is another one of that name. */
  readonly needs: readonly string[];
  /** @param taken keys of the user's rows before this one: another one with the same key needs another */
  readonly adopt: (row: OlderRow, owner: TurnOwner, taken: ReadonlySet<string>) => AdoptedRow;
}

/** For rows of a table that say nothing of when they were; the same each time. */
const LONG_AGO = '1970-01-01T00:00:00.000Z';
const MAX_INT = 2_147_483_647;
const LONG = 20_000;

const CHARACTERS: Adoptable = {
  table: 'character_profiles',
  kind: 'character',
  keyField: 'characterName',
  needs: ['character_name'],
  adopt: (row, _owner, taken) => {
    const created = row.instant('created_at');
    const named = row.required('character_name', 100, `character ${row.id}`);
    const characterName = taken.has(named)
      ? row.changed('character_name', `${beginningOf(named, 70)} (${row.id})`, 'another row has this name')
      : named;
    const line = {
      kind: 'character',
      characterName,
      aliases: row.texts('aliases', 100, 50),
      creator: row.text('creator', 100) ?? '',
      sourceFranchise: row.text('source_franchise', 200) ?? '',
      characterType: row.text('character_type', 50) ?? 'original',
      age: row.whole('age', 0, MAX_INT),
      gender: row.text('gender', 20),
      physicalDescription: row.text('physical_description', LONG),
      height: row.text('height', 20),
      build: row.text('build', 50),
      hairColor: row.text('hair_color', 100),
      hairStyle: row.text('hair_style', 100),
      eyeColor: row.text('eye_color', 100),
      distinctiveFeatures: row.text('distinctive_features', LONG),
      personalityTraits: row.text('personality_traits', LONG),
      backgroundStory: row.text('background_story', LONG),
      occupation: row.text('occupation', 100),
      skillsAbilities: row.text('skills_abilities', LONG),
      relationships: row.text('relationships', LONG),
      visualStyle: row.text('visual_style', 100),
      artStyle: row.text('art_style', 100),
      referenceImages: listOf(row, 'reference_images'),
      styleElements: listOf(row, 'style_elements'),
      generationPrompts: row.text('generation_prompts', LONG),
      generationCount: row.whole('generation_count', 0, MAX_INT) ?? 0,
      consistencyScore: row.number('consistency_score', 0, 1) ?? 0,
      lastGenerated: row.instant('last_generated'),
      conversationMentions: row.whole('conversation_mentions', 0, MAX_INT) ?? 0,
      createdAt: created ?? row.supplied('created_at', LONG_AGO),
      updatedAt: row.instant('updated_at') ?? created ?? LONG_AGO,
      notes: row.text('notes', LONG),
      isActive: row.boolean('is_active', true),
    };
    return { line, key: characterName };
  },
};

const TASKS: Adoptable = {
  table: 'autonomous_tasks',
  kind: 'task',
  keyField: 'taskId',
  needs: ['status'],
  adopt: (row, owner, taken) => {
    const taskId = taskIdOf(row, owner, taken);
    const started = row.instant('started_at');
    const created = row.instant('created_at') ?? started;
    const line = {
      kind: 'task',
      ...owner,
      taskId,
      type: row.text('task_type', 100) || 'older_task',
      name: row.required('name', 200, `task ${row.id}`),
      description: row.text('description', 4_000),
      priority: priorityOf(row),
      status: row.word('status', ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'], 'FAILED'),
      result: row.json('result'),
      error: row.text('error', 2_000),
      createdAt: created ?? row.supplied('created_at', LONG_AGO),
      scheduledFor: row.instant('scheduled_for'),
      startedAt: started,
      completedAt: row.instant('completed_at') ?? started ?? created ?? LONG_AGO,
      retryCount: row.whole('retry_count', 0, MAX_INT) ?? 0,
      maxRetries: row.whole('max_retries', 0, 20) ?? 3,
      timeoutSeconds: row.whole('timeout', 1, 86_400) ?? 300,
      goalId: null,
    };
    const own = row.object('payload');
    row.keepRest();
    const { originals } = row;
    const payload = Object.keys(originals).length === 0 ? own : { ...own, adopted: originals };
    return { line: { ...line, payload }, key: taskId };
  },
};

const MEDIA: Adoptable = {
  table: 'echo_media_insights',
  kind: 'mediaInsight',
  keyField: 'fileHash',
  needs: ['file_path', 'file_hash'],
  adopt: (row, owner) => {
    const fileHash = fileHashOf(row);
    const created = row.instant('created_at') ?? row.instant('date_indexed');
    const updatedAt = row.instant('updated_at') ?? created ?? row.supplied('updated_at', LONG_AGO);
    const visualAnalysis = row.json('visual_analysis');
    const line = {
      kind: 'mediaInsight',
      ...owner,
      fileHash,
      filePath: row.required('file_path', 100_000, '(unknown)'),
      // Its file is looked for when its folder is indexed.
      state: 'VANISHED',
      mediaType: row.required('media_type', 50, 'application/octet-stream'),
      fileSize: row.whole('file_size', 0, Number.MAX_SAFE_INTEGER),
      width: row.whole('width', 0, MAX_INT),
      height: row.whole('height', 0, MAX_INT),
      dateTaken: row.instant('date_taken'),
      locationData: row.json('location_data'),
      cameraMetadata: row.json('camera_metadata'),
      perceptualHash: perceptualHashOf(row),
      qualityScore: row.number('quality_score', 0, 1),
      colorPalette: row.json('color_palette'),
      visualAnalysis,
      compositionNotes: row.text('composition_notes', 100_000),
      stylePreferences: row.json('style_preferences'),
      characterReferences: row.json('character_references'),
      categories: row.texts('categories', 1_000, 1_000),
      tags: row.texts('tags', 100, 100),
      learned: row.boolean('learned_by_echo', false),
      ...NEVER_READ_HERE,
      analysisTier: visualAnalysis === null ? 'FILE' : 'MODEL',
      analysisAt: updatedAt,
      dateIndexed: row.instant('date_indexed') ?? updatedAt,
      createdAt: created ?? updatedAt,
      updatedAt,
    };
    return { line, key: fileHash };
  },
};

/** What only our own reader finds out. */
const NEVER_READ_HERE = {
  durationSeconds: null,
  dateTakenLocal: null,
  dateTakenOffset: null,
  dateTakenSource: null,
  latitude: null,
  longitude: null,
  cameraMake: null,
  cameraModel: null,
  ruleTags: [],
  modelTags: [],
  analysisMethod: 'older service',
  analysisConfidence: 0,
  analysisProblem: null,
  readerVersion: 0,
} as const;

/** Tables whose rows stand alone, in the order in which they are adopted: turns name characters. */
export const CHARACTERS_TABLE = CHARACTERS;
export const LATER_TABLES: readonly Adoptable[] = [MEDIA, TASKS];

function listOf(row: OlderRow, column: string): readonly unknown[] {
  const value = row.json(column);
  if (value === null) return [];
  return Array.isArray(value) ? value : row.changed(column, [value], 'is no list');
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function taskIdOf(row: OlderRow, owner: TurnOwner, taken: ReadonlySet<string>): string {
  const given = row.text('task_id', 1_000) ?? '';
  const id = given.toLowerCase();
  if (UUID.test(id) && !taken.has(id)) return id;
  const why = taken.has(id) ? 'another row has this id' : 'is no UUID';
  return row.changed('task_id', turnIdOf(owner, 'autonomous_tasks', `${row.id}\n${given}`), why);
}

function priorityOf(row: OlderRow): string {
  const words = ['LOW', 'NORMAL', 'HIGH', 'CRITICAL'] as const;
  const value = row.raw('priority');
  if (value === null) return 'NORMAL';
  const place = Number(value);
  if (Number.isInteger(place) && place >= 0) {
    // The larger, the more urgent; what lies beyond ours is as urgent as it gets.
    const word = words[Math.min(place, 3)] as string;
    return place <= 3 ? word : row.changed('priority', word, 'is beyond the highest priority');
  }
  return row.word('priority', words, 'NORMAL');
}

function fileHashOf(row: OlderRow): string {
  const given = row.text('file_hash', 1_000) ?? '';
  const hash = given.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hash)) return hash;
  const made = createHash('sha256').update(`older ${row.id} ${given}`).digest('hex');
  return row.changed('file_hash', made, 'is no SHA-256: its file cannot be found again by it');
}

function perceptualHashOf(row: OlderRow): string | null {
  const given = row.text('perceptual_hash', 1_000);
  if (given === null || given === '') return null;
  // It would be compared with hashes that are made in another way.
  return row.changed('perceptual_hash', null, 'was made in another way; its file gets a new one');
}
