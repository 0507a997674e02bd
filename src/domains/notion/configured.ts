import type { NotionKindSetting, NotionMirrorSetting } from '../../config/notion.ts';
import type { MirroredKind } from './kind.ts';
import { KINDS } from './kinds.ts';

/** A kind that the settings mirror. */
export interface ConfiguredKind {
  readonly kind: MirroredKind;
  readonly setting: NotionKindSetting;
}

export function configuredKinds(mirror: NotionMirrorSetting): ConfiguredKind[] {
  return KINDS.flatMap((kind) => {
    const setting = mirror[kind.name];
    return setting ? [{ kind, setting }] : [];
  });
}

export function configuredKind(mirror: NotionMirrorSetting, name: string): ConfiguredKind | null {
  return configuredKinds(mirror).find(({ kind }) => kind.name === name) ?? null;
}
