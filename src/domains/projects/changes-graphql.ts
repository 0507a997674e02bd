import { InvalidInput, NotFound } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { assembleVideo } from './assemblies.ts';
import { bindCharacter, unbindCharacter } from './bindings.ts';
import { addDecision } from './decisions.ts';
import { drawSegment, MAX_NEGATIVE } from './drawing.ts';
import { DecisionRef, ProjectRef, SegmentRef } from './graphql.ts';
import * as limits from './limits.ts';
import { createProject, deleteProject, restoreProject, updateProject } from './projects.ts';
import type { SeenSegment } from './reads.ts';
import { addSegment, removeSegment, reorderSegments, updateSegment } from './segments.ts';
import type { DecisionRow, ProjectRow } from './tables.ts';

const pixels = `pixels, an even number from ${limits.MIN_SIDE} to ${limits.MAX_SIDE.toLocaleString('en-US')}`;
const rate = `Pictures a second, 1 to ${limits.MAX_FRAMES_PER_SECOND}`;
const seconds = `How long it is seen, ${limits.MIN_DURATION} to ${limits.MAX_DURATION} seconds; all segments together at most ${limits.MAX_TOTAL_DURATION.toLocaleString('en-US')}.`;
const prompt = `What it shows, 1 to ${limits.MAX_PROMPT.toLocaleString('en-US')} characters, not only white space.`;

const ProjectInput = builder.inputType('ProjectInput', {
  description: `A new project. A user has at most ${limits.MAX_PROJECTS}, deleted ones included.`,
  fields: (t) => ({
    name: t.string({
      required: true,
      description: `What it is called, 1 to ${limits.MAX_NAME} characters, not only white space.`,
    }),
    description: t.string({
      description: `What it is about, at most ${limits.MAX_DESCRIPTION.toLocaleString('en-US')} characters.`,
    }),
    width: t.int({ description: `Of its video, ${pixels}; absent: ${limits.DEFAULT_WIDTH}.` }),
    height: t.int({ description: `Of its video, ${pixels}; absent: ${limits.DEFAULT_HEIGHT}.` }),
    framesPerSecond: t.int({ description: `${rate}; absent: ${limits.DEFAULT_FRAMES_PER_SECOND}.` }),
  }),
});

const ProjectChanges = builder.inputType('ProjectChanges', {
  description: 'What to change of a project; what is absent stays as it is.',
  fields: (t) => ({
    name: t.string({ description: 'What it is called.' }),
    description: t.string({ description: 'What it is about; null takes it away.' }),
    width: t.int({ description: `Of its video, ${pixels}.` }),
    height: t.int({ description: `Of its video, ${pixels}.` }),
    framesPerSecond: t.int({ description: `${rate}.` }),
  }),
});

const ProjectCharacterInput = builder.inputType('ProjectCharacterInput', {
  description: 'A character for a project.',
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'Which project.' }),
    character: t.string({ required: true, description: 'The full name of an active character.' }),
    role: t.string({ description: `What they do in it, at most ${limits.MAX_ROLE} characters.` }),
  }),
});

const SegmentInput = builder.inputType('ProjectSegmentInput', {
  description: `A new segment. A project has at most ${limits.MAX_SEGMENTS}.`,
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'Of which project.' }),
    prompt: t.string({ required: true, description: prompt }),
    durationSeconds: t.float({ required: true, description: seconds }),
    character: t.string({ description: 'Whom of the project’s characters it shows; absent: nobody.' }),
    position: t.int({
      description: 'Its place, from 1: those from there on move on. Absent: behind the last.',
    }),
  }),
});

const SegmentChanges = builder.inputType('ProjectSegmentChanges', {
  description: 'What to change of a segment; what is absent stays as it is.',
  fields: (t) => ({
    prompt: t.string({ description: prompt }),
    durationSeconds: t.float({ description: seconds }),
    character: t.string({ description: 'Whom of the project’s characters it shows; null: nobody.' }),
    generationId: t.id({ description: 'The picture that it has, of the caller’s own; null: none.' }),
  }),
});

const DrawSegmentInput = builder.inputType('DrawSegmentInput', {
  description: 'How a segment is drawn; what is absent is as `generateImage` has it.',
  fields: (t) => ({
    segmentId: t.id({ required: true, description: 'Which.' }),
    negativePrompt: t.string({ description: `What it must not have, at most ${MAX_NEGATIVE} characters.` }),
    workflow: t.string({ description: 'Name of a template.' }),
    seed: t.float({ description: 'A whole number from 0 to 2^53 - 1.' }),
    width: t.int({ description: 'Of the picture, pixels, a multiple of 8.' }),
    height: t.int({ description: 'Of the picture, pixels, a multiple of 8.' }),
  }),
});

const DecisionInput = builder.inputType('ProjectDecisionInput', {
  description: `A decision. A project has at most ${limits.MAX_DECISIONS.toLocaleString('en-US')}.`,
  fields: (t) => ({
    projectId: t.id({ required: true, description: 'For which project.' }),
    decision: t.string({
      required: true,
      description: `What is decided, 1 to ${limits.MAX_DECISION.toLocaleString('en-US')} characters, not only white space.`,
    }),
    reason: t.string({
      description: `Why, at most ${limits.MAX_DECISION.toLocaleString('en-US')} characters.`,
    }),
  }),
});

const ProjectSuccess = builder.objectRef<{ project: ProjectRow }>('ProjectSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ project: t.expose('project', { type: ProjectRef, description: 'As it is now.' }) }),
});
const SegmentSuccess = builder.objectRef<{ segment: SeenSegment }>('ProjectSegmentSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ segment: t.expose('segment', { type: SegmentRef, description: 'As it is now.' }) }),
});
const DecisionSuccess = builder.objectRef<{ decision: DecisionRow }>('ProjectDecisionSuccess').implement({
  description: 'It is stored.',
  fields: (t) => ({ decision: t.expose('decision', { type: DecisionRef, description: 'The decision.' }) }),
});

const expected = 'The success of this operation, or one of the failures that a caller may expect.';
const ProjectResult = builder.errorUnion('ProjectResult', {
  description: expected,
  types: [ProjectSuccess, InvalidInput, NotFound],
  resolveType: () => 'ProjectSuccess',
});
const SegmentResult = builder.errorUnion('ProjectSegmentResult', {
  description: expected,
  types: [SegmentSuccess, InvalidInput, NotFound],
  resolveType: () => 'ProjectSegmentSuccess',
});
const DecisionResult = builder.errorUnion('ProjectDecisionResult', {
  description: expected,
  types: [DecisionSuccess, InvalidInput, NotFound],
  resolveType: () => 'ProjectDecisionSuccess',
});

builder.mutationFields((t) => ({
  createProject: t.field({
    type: ProjectResult,
    description: 'Makes a project.',
    args: { input: t.arg({ type: ProjectInput, required: true, description: 'The project.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      project: await createProject(services, principal, input),
    }),
  }),
  updateProject: t.field({
    type: ProjectResult,
    description: 'Changes a project of the caller.',
    args: {
      projectId: t.arg.id({ required: true, description: 'Which.' }),
      input: t.arg({ type: ProjectChanges, required: true, description: 'What to change.' }),
    },
    resolve: async (_root, { projectId, input }, { services, principal }) => ({
      project: await updateProject(services, principal, String(projectId), input as never),
    }),
  }),
  deleteProject: t.field({
    type: ProjectResult,
    description:
      'Hides a project with all that it has. Pictures and videos of it stay; `restoreProject` brings it back.',
    args: { projectId: t.arg.id({ required: true, description: 'Which.' }) },
    resolve: async (_root, { projectId }, { services, principal }) => ({
      project: await deleteProject(services, principal, String(projectId)),
    }),
  }),
  restoreProject: t.field({
    type: ProjectResult,
    description: 'Brings a deleted project back as it was.',
    args: { projectId: t.arg.id({ required: true, description: 'Which.' }) },
    resolve: async (_root, { projectId }, { services, principal }) => ({
      project: await restoreProject(services, principal, String(projectId)),
    }),
  }),
  bindCharacter: t.field({
    type: ProjectResult,
    description: `Lets a character appear in a project, at most ${limits.MAX_CHARACTERS}; said again, the role is the new one.`,
    args: { input: t.arg({ type: ProjectCharacterInput, required: true, description: 'Who, and where.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      project: await bindCharacter(services, principal, { ...input, projectId: String(input.projectId) }),
    }),
  }),
  unbindCharacter: t.field({
    type: ProjectResult,
    description:
      'Takes a character out of a project, and out of its segments. Pictures that were drawn stay.',
    args: {
      projectId: t.arg.id({ required: true, description: 'Which project.' }),
      character: t.arg.string({ required: true, description: 'Who, by the full name.' }),
    },
    resolve: async (_root, { projectId, character }, { services, principal }) => ({
      project: await unbindCharacter(services, principal, { projectId: String(projectId), character }),
    }),
  }),
}));

builder.mutationFields((t) => ({
  addSegment: t.field({
    type: SegmentResult,
    description: 'Puts a segment into a project.',
    args: { input: t.arg({ type: SegmentInput, required: true, description: 'The segment.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      segment: await addSegment(services, principal, { ...input, projectId: String(input.projectId) }),
    }),
  }),
  updateSegment: t.field({
    type: SegmentResult,
    description: 'Changes a segment. Its picture stays; `drawSegment` draws another one.',
    args: {
      segmentId: t.arg.id({ required: true, description: 'Which.' }),
      input: t.arg({ type: SegmentChanges, required: true, description: 'What to change.' }),
    },
    resolve: async (_root, { segmentId, input }, { services, principal }) => ({
      segment: await updateSegment(services, principal, String(segmentId), input as never),
    }),
  }),
  removeSegment: t.field({
    type: ProjectResult,
    description: 'Takes a segment out of its project. Its picture stays among `generations`.',
    args: { segmentId: t.arg.id({ required: true, description: 'Which.' }) },
    resolve: async (_root, { segmentId }, { services, principal }) => ({
      project: await removeSegment(services, principal, String(segmentId)),
    }),
  }),
  reorderSegments: t.field({
    type: ProjectResult,
    description: 'Puts all segments of a project into another order at once.',
    args: {
      projectId: t.arg.id({ required: true, description: 'Which project.' }),
      segmentIds: t.arg.idList({
        required: true,
        description: 'All of its segments, each once, in the new order.',
      }),
    },
    resolve: async (_root, { projectId, segmentIds }, { services, principal }) => ({
      project: await reorderSegments(services, principal, String(projectId), segmentIds.map(String)),
    }),
  }),
  drawSegment: t.field({
    type: CreateTaskResult,
    description:
      'Draws the picture of a segment as `generateImage` does, with the looks of its character. The segment has it at once, and its status follows the task. Refused while it is being drawn.',
    args: { input: t.arg({ type: DrawSegmentInput, required: true, description: 'Which, and how.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      task: await drawSegment(services, principal, { ...input, segmentId: String(input.segmentId) }),
    }),
  }),
  addDecision: t.field({
    type: DecisionResult,
    description: 'Notes what was decided for a project.',
    args: { input: t.arg({ type: DecisionInput, required: true, description: 'The decision.' }) },
    resolve: async (_root, { input }, { services, principal }) => ({
      decision: await addDecision(services, principal, { ...input, projectId: String(input.projectId) }),
    }),
  }),
  assembleVideo: t.field({
    type: CreateTaskResult,
    description:
      'Makes a video of all segments of a project as they are now, in the background: each is seen for its duration, whole, on black, without sound. The video is kept and indexed like any medium; `assemblies` of the project is its history. NOT_CONFIGURED without ffmpeg; segments without a picture are named.',
    args: { projectId: t.arg.id({ required: true, description: 'Which project.' }) },
    resolve: async (_root, { projectId }, { services, principal }) => ({
      task: await assembleVideo(services, principal, String(projectId)),
    }),
  }),
}));
