import { type Mutation, one } from './mutation.ts';

/** Pictures that are drawn, and videos that are made of them. */
export const PICTURES: readonly Mutation[] = [
  one(
    'runs-are-begun-again-by-each-attempt',
    'domains/generations/drawing.ts',
    ['set run_id = coalesce(run_id, $4)', 'set run_id = coalesce($4, run_id)'],
    ['generations'],
    'is gone on with, not begun again',
  ),
  one(
    'runs-that-were-lost-are-gone-on-with',
    'domains/generations/drawing.ts',
    ['error instanceof MakerAway && aborted === null', 'error instanceof Error && aborted === null'],
    ['generations'],
    'is begun again',
  ),
  one(
    'cancelling-lets-a-run-go-on',
    'domains/generations/drawing.ts',
    ['if (aborted && runId) await', "if (aborted === 'LOST' && runId) await"],
    ['generations'],
    'who cancels interrupts the run',
  ),
  one(
    'what-is-no-picture-is-kept',
    'domains/generations/drawing.ts',
    ['if (fileHash === null)', "if (fileHash === '')"],
    ['generations'],
    'is no picture, is none',
  ),
  one(
    'queries-ask-for-pictures-twice',
    'domains/generations/generations.ts',
    ['idempotencyKey: from === null ?', 'idempotencyKey: from !== null ?'],
    ['generations'],
    'has the picture that it had',
  ),
  one(
    'ratings-never-fade',
    'domains/generations/rating.ts',
    ['2 ** (-age / HALF_LIFE)', '2 ** (-age / (HALF_LIFE * 1e6))'],
    ['generations'],
    'half as much as one that came five later',
  ),
  one(
    'a-second-rating-counts-as-another',
    'domains/generations/style.ts',
    ['case when $7::numeric is null then 1 else 0 end', 'case when $7::numeric is null then 1 else 1 end'],
    ['generations'],
    'known with its doubt',
  ),
  one(
    'one-rating-makes-a-style',
    'domains/generations/style.ts',
    ['export const GOOD = 0.65;', 'export const GOOD = 0.6;'],
    ['generations'],
    'known with its doubt',
  ),
  one(
    'pictures-of-others-are-rated',
    'domains/generations/rating.ts',
    [
      'from anime_generation_history where generation_id = $1 and tenant_id = $2 and user_id = $3 for update',
      'from anime_generation_history where generation_id = $1 and tenant_id = $2 and $3::text is not null for update',
    ],
    ['generations'],
    'counted and rated',
  ),
  one(
    'segments-are-bound-to-pictures-of-others',
    'domains/projects/segments.ts',
    [
      'from anime_generation_history where generation_id = $1 and tenant_id = $2 and user_id = $3',
      'from anime_generation_history where generation_id = $1 and tenant_id = $2 and $3::text is not null',
    ],
    ['projects'],
  ),
  one(
    'segments-are-drawn-twice-at-once',
    'domains/projects/drawing.ts',
    ["if (now.status === 'QUEUED' || now.status === 'DRAWING')", "if (now.taskId === '')"],
    ['projects'],
  ),
  one(
    'orders-leave-segments-out',
    'domains/projects/segments.ts',
    ['    if (missing)\n', '    if (missing && order.length === 0)\n'],
    ['projects'],
  ),
  one(
    'segments-keep-who-was-taken-out',
    'domains/projects/bindings.ts',
    [
      'update video_segments set character_name = null,',
      'update video_segments set character_name = character_name,',
    ],
    ['projects'],
  ),
  one(
    'projects-may-last-for-ever',
    'domains/projects/segments.ts',
    ['if (total > limits.MAX_TOTAL_DURATION)', 'if (total > 1e9 * limits.MAX_TOTAL_DURATION)'],
    ['projects'],
  ),
];
