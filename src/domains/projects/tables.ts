import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  serial,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import { instant, tenantId } from '../../db/columns.ts';
import type { Duty } from '../../db/duty.ts';

/** Videos that a user works on. */
export const projects = pgTable(
  'video_projects',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    projectId: text('project_id').notNull(),
    name: text('name').notNull(),
    description: text('description'),
    /** Pixels. */
    width: integer('width').notNull(),
    height: integer('height').notNull(),
    framesPerSecond: integer('frames_per_second').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    /** Null: it is there. */
    deletedAt: instant('deleted_at'),
  },
  (table) => [
    // Restored projects keep their ids, so these are their user's own.
    unique('video_projects_project_id_key').on(table.projectId, table.tenantId, table.userId),
    index('video_projects_user_idx').on(table.userId, table.tenantId, table.id),
    check('video_projects_size_check', sql`${table.width} > 0 and ${table.height} > 0`),
  ],
);

const projectOf = () =>
  integer('project')
    .notNull()
    .references(() => projects.id, { onDelete: 'cascade' });

/** Characters that appear in a project. */
export const bindings = pgTable(
  'anime_echo_project_bindings',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    project: projectOf(),
    characterName: text('character_name').notNull(),
    /** What they do in it, in words. */
    role: text('role'),
    boundAt: instant('bound_at').notNull().defaultNow(),
  },
  (table) => [
    unique('anime_echo_project_bindings_character_key').on(table.project, table.characterName),
    index('anime_echo_project_bindings_user_idx').on(table.userId, table.tenantId),
  ],
);

/** The parts of a project's video. Which comes first, `position` says; nobody else has it. */
export const segments = pgTable(
  'video_segments',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    project: projectOf(),
    segmentId: text('segment_id').notNull(),
    /** From 1, without gaps. */
    position: integer('position').notNull(),
    prompt: text('prompt').notNull(),
    durationSeconds: doublePrecision('duration_seconds').notNull(),
    /** Whom it shows; null: nobody of the project's characters. */
    characterName: text('character_name'),
    /** The picture that it is to have or has; null: none was asked for. */
    generationId: text('generation_id'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('video_segments_segment_id_key').on(table.segmentId, table.tenantId, table.userId),
    index('video_segments_project_idx').on(table.project, table.position),
    index('video_segments_user_idx').on(table.userId, table.tenantId),
  ],
);

/** What was decided for a project, and why. */
export const decisions = pgTable(
  'anime_project_memory',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    project: projectOf(),
    decisionId: text('decision_id').notNull(),
    decision: text('decision').notNull(),
    reason: text('reason'),
    decidedAt: instant('decided_at').notNull().defaultNow(),
  },
  (table) => [
    unique('anime_project_memory_decision_id_key').on(table.decisionId, table.tenantId, table.userId),
    index('anime_project_memory_project_idx').on(table.project, table.id),
    index('anime_project_memory_user_idx').on(table.userId, table.tenantId),
  ],
);

/** A segment as it goes into a video: what it shows then, whatever becomes of it later. */
export interface AssembledSegment {
  readonly segmentId: string;
  readonly generationId: string;
  readonly fileHash: string;
  readonly durationSeconds: number;
}

/** Videos that were made of projects, and what became of them. */
export const assemblies = pgTable(
  'anime_echo_orchestrations',
  {
    id: serial('id').primaryKey(),
    tenantId: tenantId(),
    userId: text('user_id').notNull(),
    project: projectOf(),
    assemblyId: text('assembly_id').notNull(),
    taskId: text('task_id').notNull(),
    segments: jsonb('segments').$type<readonly AssembledSegment[]>().notNull(),
    width: integer('width').notNull(),
    height: integer('height').notNull(),
    framesPerSecond: integer('frames_per_second').notNull(),
    /** SHA-256 of the video's bytes, as media go by; null: there is none. */
    fileHash: text('file_hash'),
    fileSize: bigint('file_size', { mode: 'number' }),
    /** Of the last attempt; null: it has not failed. */
    error: text('error'),
    createdAt: instant('created_at').notNull().defaultNow(),
    startedAt: instant('started_at'),
    completedAt: instant('completed_at'),
  },
  (table) => [
    unique('anime_echo_orchestrations_assembly_id_key').on(table.assemblyId, table.tenantId, table.userId),
    index('anime_echo_orchestrations_project_idx').on(table.project, table.id),
    index('anime_echo_orchestrations_user_idx').on(table.userId, table.tenantId),
  ],
);

export type ProjectRow = typeof projects.$inferSelect;
export type BindingRow = typeof bindings.$inferSelect;
export type SegmentRow = typeof segments.$inferSelect;
export type DecisionRow = typeof decisions.$inferSelect;
export type AssemblyRow = typeof assemblies.$inferSelect;

const parts = {
  erasure: { rows: 'delete', left: 'projects' },
  audited: { not: 'a user works on a draft of their own' },
  kept: 'until they are deleted',
} as const;
export const duties: readonly Duty[] = [
  {
    table: bindings,
    owner: { user: bindings.userId },
    exported: { lines: 'project' },
    ...parts,
  },
  { table: segments, owner: { user: segments.userId }, exported: { lines: 'project' }, ...parts },
  { table: decisions, owner: { user: decisions.userId }, exported: { lines: 'project' }, ...parts },
  {
    table: assemblies,
    owner: { user: assemblies.userId },
    ...parts,
    exported: { lines: 'assembly' },
    audited: { not: 'its task says what happened' },
  },
  {
    table: projects,
    owner: { user: projects.userId },
    exported: { lines: 'project' },
    ...parts,
    erasure: { rows: 'delete', counted: 'projects', left: 'projects' },
  },
];
