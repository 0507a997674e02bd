import { builder } from '../../graphql/builder.ts';
import { connect, numberCursor } from '../../graphql/connections.ts';
import type { Context } from '../../graphql/context.ts';
import { TaskStatusEnum } from '../tasks/graphql.ts';
import { MAX_CHARACTERS, MAX_SEGMENTS } from './limits.ts';
import { parseProjectId } from './projects.ts';
import {
  assemblyPages,
  bindingsOf,
  decisionPages,
  projectById,
  projectPage,
  type SeenAssembly,
  type SeenSegment,
  type SegmentStatus,
  segmentsOf,
} from './reads.ts';
import type { BindingRow, DecisionRow, ProjectRow } from './tables.ts';

const SegmentStatusEnum = builder.enumType('SegmentStatus', {
  description: 'How the picture of a segment stands.',
  values: {
    PLANNED: { description: 'None was asked for.' },
    QUEUED: { description: 'Its task waits.' },
    DRAWING: { description: 'It is being drawn.' },
    DRAWN: { description: 'It is there.' },
    FAILED: { description: 'Its task failed; `error` says why. `drawSegment` tries another one.' },
    CANCELLED: { description: 'Its task was cancelled.' },
  } satisfies Record<SegmentStatus, { description: string }>,
});

const ProjectCharacterRef = builder.objectRef<BindingRow>('ProjectCharacter').implement({
  description: 'A character that appears in a project.',
  fields: (t) => ({
    characterName: t.exposeString('characterName', { complexity: 0, description: 'By the full name.' }),
    role: t.exposeString('role', {
      complexity: 0,
      nullable: true,
      description: 'What they do in it, in words; null: not said.',
    }),
    boundAt: t.expose('boundAt', { complexity: 0, type: 'DateTime', description: 'Since when.' }),
  }),
});

export const SegmentRef = builder.objectRef<SeenSegment>('ProjectSegment').implement({
  description: 'A part of a project’s video.',
  fields: (t) => ({
    segmentId: t.exposeID('segmentId', { complexity: 0, description: 'By which it is changed.' }),
    position: t.exposeInt('position', { complexity: 0, description: 'Its place in the video, from 1.' }),
    prompt: t.exposeString('prompt', { complexity: 0, description: 'What it shows.' }),
    durationSeconds: t.exposeFloat('durationSeconds', { complexity: 0, description: 'How long it is seen.' }),
    characterName: t.exposeString('characterName', {
      complexity: 0,
      nullable: true,
      description: 'Whom of the project’s characters it shows; null: nobody.',
    }),
    status: t.expose('status', {
      complexity: 0,
      type: SegmentStatusEnum,
      description: 'How its picture stands; it follows the task that draws it.',
    }),
    generationId: t.exposeID('generationId', {
      complexity: 0,
      nullable: true,
      description: 'Its picture among `generations`; null: none was asked for.',
    }),
    taskId: t.exposeID('taskId', {
      complexity: 0,
      nullable: true,
      description: 'The task that draws it; null: none was made.',
    }),
    fileHash: t.exposeID('fileHash', {
      complexity: 0,
      nullable: true,
      description: 'SHA-256 of its picture, as `mediaInsight` takes it; null: there is none yet.',
    }),
    error: t.exposeString('error', {
      complexity: 0,
      nullable: true,
      description: 'Why the last attempt to draw it came to nothing; null: it has not failed.',
    }),
  }),
});

export const DecisionRef = builder.objectRef<DecisionRow>('ProjectDecision').implement({
  description: 'What was decided for a project. It is never changed.',
  fields: (t) => ({
    decisionId: t.exposeID('decisionId', { complexity: 0, description: 'Its id.' }),
    decision: t.exposeString('decision', { complexity: 0, description: 'What.' }),
    reason: t.exposeString('reason', {
      complexity: 0,
      nullable: true,
      description: 'Why; null: not said.',
    }),
    decidedAt: t.expose('decidedAt', { complexity: 0, type: 'DateTime', description: 'When.' }),
  }),
});

const AssemblyRef = builder.objectRef<SeenAssembly>('VideoAssembly').implement({
  description: 'A video that was made of a project’s segments, and what became of it.',
  fields: (t) => ({
    assemblyId: t.exposeID('assemblyId', { complexity: 0, description: 'Its id.' }),
    taskId: t.exposeID('taskId', { complexity: 0, description: 'The task that makes it.' }),
    status: t.field({
      complexity: 0,
      type: TaskStatusEnum,
      nullable: true,
      description: 'How its task stands; null: that is not kept any more.',
      resolve: ({ taskStatus }) => taskStatus,
    }),
    segmentCount: t.int({
      complexity: 0,
      description: 'Of how many segments it is made.',
      resolve: ({ segments }) => segments.length,
    }),
    durationSeconds: t.float({
      complexity: 0,
      description: 'How long its segments are together.',
      resolve: ({ segments }) => secondsOf(segments),
    }),
    width: t.exposeInt('width', { complexity: 0, description: 'Pixels.' }),
    height: t.exposeInt('height', { complexity: 0, description: 'Pixels.' }),
    framesPerSecond: t.exposeInt('framesPerSecond', { complexity: 0, description: 'Pictures a second.' }),
    fileHash: t.exposeID('fileHash', {
      complexity: 0,
      nullable: true,
      description: 'SHA-256 of the video, as `mediaInsight` takes it; null: there is none.',
    }),
    fileSize: t.exposeFloat('fileSize', {
      complexity: 0,
      nullable: true,
      description: 'Bytes; null: there is none.',
    }),
    error: t.exposeString('error', {
      complexity: 0,
      nullable: true,
      description:
        'Why the last attempt came to nothing; it begins with FFMPEG_FAILED, FFMPEG_STALLED, FFMPEG_KILLED, MEDIUM_GONE, VIDEO_TOO_LARGE or CANCELLED where that is why. Null: it has not failed.',
    }),
    createdAt: t.expose('createdAt', {
      complexity: 0,
      type: 'DateTime',
      description: 'When it was asked for.',
    }),
    startedAt: t.expose('startedAt', {
      complexity: 0,
      type: 'DateTime',
      nullable: true,
      description: 'When its first attempt began; null: it waits.',
    }),
    completedAt: t.expose('completedAt', {
      complexity: 0,
      type: 'DateTime',
      nullable: true,
      description: 'When the video was kept; null: it is not.',
    }),
  }),
});

const loadSegments = ({ loader, services }: Context, { id, tenantId, userId }: ProjectRow) =>
  loader({
    name: `segments of projects ${tenantId} ${userId}`,
    load: (ids: readonly number[]) => segmentsOf(services.db, { tenantId, userId }, ids),
    key: id,
  });
const byAge = numberCursor<ProjectRow>(({ id }) => id);
const byDecisionAge = numberCursor<DecisionRow>(({ id }) => id);
const byAssemblyAge = numberCursor<SeenAssembly>(({ id }) => id);

export const ProjectRef = builder.objectRef<ProjectRow>('Project').implement({
  description: 'A video that a user works on: its characters, its segments, and what was decided for it.',
  fields: (t) => ({
    projectId: t.exposeID('projectId', { complexity: 0, description: 'By which it is changed.' }),
    name: t.exposeString('name', { complexity: 0, description: 'What it is called.' }),
    description: t.exposeString('description', {
      complexity: 0,
      nullable: true,
      description: 'What it is about; null: not said.',
    }),
    width: t.exposeInt('width', { complexity: 0, description: 'Of its video, pixels.' }),
    height: t.exposeInt('height', { complexity: 0, description: 'Of its video, pixels.' }),
    framesPerSecond: t.exposeInt('framesPerSecond', { complexity: 0, description: 'Of its video.' }),
    createdAt: t.expose('createdAt', { complexity: 0, type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', {
      complexity: 0,
      type: 'DateTime',
      description: 'When it, a character or a segment of it was changed last.',
    }),
    deletedAt: t.expose('deletedAt', {
      complexity: 0,
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted; null: it is there.',
    }),
    durationSeconds: t.float({
      description: 'How long its segments are together.',
      resolve: async (project, _args, context) => secondsOf(await loadSegments(context, project)),
    }),
    characters: t.field({
      type: [ProjectCharacterRef],
      description: `Who appears in it, at most ${MAX_CHARACTERS}, in the order in which they were bound.`,
      complexity: { field: 1, multiplier: 2 },
      resolve: ({ id, tenantId, userId }, _args, { loader, services }) =>
        loader({
          name: `characters of projects ${tenantId} ${userId}`,
          load: (ids: readonly number[]) => bindingsOf(services.db, { tenantId, userId }, ids),
          key: id,
        }),
    }),
    segments: t.field({
      type: [SegmentRef],
      description: `Its parts in their order, at most ${MAX_SEGMENTS}.`,
      complexity: { field: 2, multiplier: 8 },
      resolve: (project, _args, context) => loadSegments(context, project),
    }),
    decisions: t.connection(
      {
        type: DecisionRef,
        description: 'What was decided for it, the latest first.',
        resolve: ({ id, tenantId, userId }, args, { loader, services }) =>
          connect(args, byDecisionAge, (page) =>
            loader({
              name: `decisions of projects ${JSON.stringify([tenantId, userId, page])}`,
              load: (ids: readonly number[]) => decisionPages(services.db, { tenantId, userId }, ids, page),
              key: id,
            }),
          ),
      },
      { name: 'ProjectDecisionConnection' },
      { name: 'ProjectDecisionEdge' },
    ),
    assemblies: t.connection(
      {
        type: AssemblyRef,
        description: 'Videos that were made of it, the one that was asked for last first.',
        resolve: ({ id, tenantId, userId }, args, { loader, services }) =>
          connect(args, byAssemblyAge, (page) =>
            loader({
              name: `assemblies of projects ${JSON.stringify([tenantId, userId, page])}`,
              load: (ids: readonly number[]) => assemblyPages(services.db, { tenantId, userId }, ids, page),
              key: id,
            }),
          ),
      },
      { name: 'VideoAssemblyConnection' },
      { name: 'VideoAssemblyEdge' },
    ),
  }),
});

builder.queryFields((t) => ({
  projects: t.connection(
    {
      type: ProjectRef,
      description: 'The caller’s projects, the one that was made last first.',
      args: {
        deleted: t.arg.boolean({
          defaultValue: false,
          description: 'True: those that were deleted, instead of those that are there.',
        }),
      },
      resolve: (_root, args, { services, principal }) =>
        connect(args, byAge, (page) => projectPage(services.db, principal, args.deleted === true, page)),
    },
    { name: 'ProjectConnection' },
    { name: 'ProjectEdge' },
  ),
  project: t.field({
    type: ProjectRef,
    nullable: true,
    description: 'One project of the caller, deleted or not; null if there is none.',
    args: { projectId: t.arg.id({ required: true, description: 'Its id.' }) },
    resolve: (_root, { projectId }, { services, principal }) =>
      projectById(services.db, principal, parseProjectId(String(projectId))),
  }),
}));

/** To a thousandth. */
function secondsOf(segments: readonly { readonly durationSeconds: number }[]): number {
  return Math.round(segments.reduce((sum, each) => sum + each.durationSeconds, 0) * 1_000) / 1_000;
}
