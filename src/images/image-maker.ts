import { EchoError } from '../errors.ts';

/** A node graph in ComfyUI's API format: nodes by their ids. */
export type Graph = Readonly<Record<string, GraphNode>>;
export interface GraphNode {
  readonly class_type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface DrawOptions {
  /** UUID, the same for all who ask for this run again: one that waits, runs or is done is not begun twice. */
  readonly runId: string;
  readonly graph: Graph;
  readonly signal: AbortSignal;
  /** @param total steps of the node that runs; null: nobody knows */
  readonly onProgress: (done: number, total: number | null, note: string) => void;
}

/** Makes pictures, or videos, out of node graphs. */
export interface ImageMaker {
  /**
   * Begins a run, or goes on with the one of this id, and waits for its end. When `signal` aborts, the run goes on: see `stop`.
   *
   * @returns the bytes of its first picture or video
   * @throws MakerAway, RunFailed, PictureMissing, GraphRefused; the reason of the signal
   */
  draw(options: DrawOptions): Promise<Buffer>;
  /** Takes a run out of the queue, or interrupts it. What is over already stays. */
  stop(runId: string): Promise<void>;
  /** Names of the models that it has. @throws MakerAway */
  checkpoints(): Promise<string[]>;
}

/** It does not answer; a run that was begun may go on. */
export class MakerAway extends Error {
  override readonly name = 'MakerAway';
  constructor(problem: string) {
    super(`COMFYUI_AWAY: ${problem}`);
  }
}

/** A run ended in an error, was interrupted by somebody else, or came to nothing; another one may do better. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed';
  constructor(kind: 'RUN_FAILED' | 'RUN_INTERRUPTED' | 'RUN_LOST' | 'RUN_STALLED', problem: string) {
    super(`${kind}: ${problem}`);
  }
}

/** A run succeeded, and there is neither a picture nor a video of it. */
export class PictureMissing extends Error {
  override readonly name = 'PictureMissing';
  constructor(problem: string) {
    super(`PICTURE_MISSING: ${problem}`);
  }
}

/** It does not take this graph, and would not the next time: an unknown node, a wrong value. */
export class GraphRefused extends EchoError {
  override readonly name = 'GraphRefused';
  readonly code = 'WORKFLOW_REFUSED';
  constructor(problem: string) {
    super(`WORKFLOW_REFUSED: ${problem}`);
  }
}
