import type { NotionKind } from '../../config/notion.ts';
import { finance } from './finance-kind.ts';
import { incidents } from './incident-kind.ts';
import { jobs } from './job-kind.ts';
import type { MirroredKind } from './kind.ts';
import { status } from './status-kind.ts';
import { tasks } from './task-kind.ts';

/** All that can be mirrored. */
export const KINDS: readonly MirroredKind[] = [tasks, jobs, status, finance, incidents];

export function kindNamed(name: string): MirroredKind | null {
  return KINDS.find((kind) => kind.name === (name as NotionKind)) ?? null;
}
