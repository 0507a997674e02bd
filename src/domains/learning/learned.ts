/** What came of some turns. */
export interface Learned {
  readonly turns: number;
  readonly added: number;
  readonly merged: number;
  readonly superseded: number;
  readonly refused: number;
}

export const NOTHING: Learned = { turns: 0, added: 0, merged: 0, superseded: 0, refused: 0 };

export function sumOf(a: Learned, b: Learned): Learned {
  return {
    turns: a.turns + b.turns,
    added: a.added + b.added,
    merged: a.merged + b.merged,
    superseded: a.superseded + b.superseded,
    refused: a.refused + b.refused,
  };
}
