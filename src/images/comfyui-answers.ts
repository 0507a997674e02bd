import { z } from 'zod';
import { beginningOf } from '../texts.ts';

const Files = z
  .array(z.looseObject({ filename: z.string(), subfolder: z.string().default(''), type: z.string() }))
  .optional();
/** Nodes of ComfyUI itself put videos among the images, those of others under names of their own. */
const Output = z.looseObject({ images: Files, gifs: Files, video: Files, videos: Files });
const History = z.looseObject({
  outputs: z.record(z.string(), Output).default({}),
  status: z
    .looseObject({
      status_str: z.string(),
      messages: z.array(z.tuple([z.string(), z.record(z.string(), z.unknown())])).default([]),
    })
    .nullish(),
});

/** What is kept of a run that is over. */
export type History = z.output<typeof History>;
/** Runs that are over, by their ids; one that is not over is not in it. */
export const Histories = z.record(z.string(), History);

const Item = z.tuple([z.number(), z.string()]).rest(z.unknown());
/** Runs that are not over. */
export const Queue = z.looseObject({ queue_running: z.array(Item), queue_pending: z.array(Item) });

export const ModelNames = z.array(z.string());

const Problem = z.looseObject({ type: z.string(), message: z.string(), details: z.string().default('') });
const NodeErrors = z.record(
  z.string(),
  z.looseObject({ class_type: z.string(), errors: z.array(Problem).default([]) }),
);
/** Why a graph was not taken, or which nodes of it were not. */
export const Refusal = z.looseObject({
  error: Problem.nullish(),
  node_errors: NodeErrors.or(
    z.array(z.unknown()).transform((): z.output<typeof NodeErrors> => ({})),
  ).nullish(),
});

const MAX_NAMED = 3;
const MAX_WORDS = 1_000;

/** Why a graph was refused, with the nodes and what is wrong with them. */
export function whatFailed(refusal: z.output<typeof Refusal> | undefined): string {
  const nodes = Object.entries(refusal?.node_errors ?? {}).flatMap(([id, { class_type: kind, errors }]) =>
    errors.map(({ type, message, details }) => `node ${id} (${kind}): ${type}, ${message} ${details}`.trim()),
  );
  const { error } = refusal ?? {};
  const whole = error ? [`${error.type}, ${error.message} ${error.details}`.trim()] : [];
  const words = [...whole, ...nodes.slice(0, MAX_NAMED)].join('; ');
  return beginningOf(words || 'ComfyUI did not say why', MAX_WORDS);
}

/** Where the first picture or video that was saved lies, as `/view` is asked for it; one that is only a preview comes last. */
export function pictureIn({ outputs }: History): Record<string, string> | null {
  const all = Object.values(outputs).flatMap(({ images, gifs, video, videos }) =>
    [images, gifs, video, videos].flatMap((files) => files ?? []),
  );
  const found = all.find(({ type }) => type === 'output') ?? all[0];
  return found ? { filename: found.filename, subfolder: found.subfolder, type: found.type } : null;
}
