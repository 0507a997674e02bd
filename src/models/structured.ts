import { z } from 'zod';
import type { Guard } from './guard.ts';
import type { ModelImage } from './language-model.ts';

export interface Question<Answer> {
  readonly system: string;
  readonly prompt: string;
  readonly images?: readonly ModelImage[];
  /** What the answer is called: letters, digits, - and _. */
  readonly name: string;
  /** What it must be; unknown fields are refused where the schema says so. */
  readonly schema: z.ZodType<Answer>;
  /** What the model is told that it must be, where whoever asks looks at parts of the answer for themselves; absent: `schema`. */
  readonly asked?: z.ZodType;
  /** About how many tokens the question has, pictures included; absent: counted by its characters. */
  readonly tokens?: number;
}

export interface StructuredAnswer<Answer> {
  readonly value: Answer;
  readonly model: string;
  /** As the provider counted; null: it did not. */
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
}

/** A model answered something else than it was asked for. The message never holds what it said. */
export class UnusableAnswer extends Error {
  readonly tokensIn: number | null;
  readonly tokensOut: number | null;
  constructor(model: string, what: string, counts: { tokensIn: number | null; tokensOut: number | null }) {
    super(`The model "${model}" ${what}.`);
    this.name = 'UnusableAnswer';
    this.tokensIn = counts.tokensIn;
    this.tokensOut = counts.tokensOut;
  }
}

/** Problems of an answer that are told. */
const TOLD = 3;

/**
 * Asks a model for a value of a form, at temperature 0. The form goes with the request as a JSON schema; whether the
 * server holds the model to it or not, the answer is checked here before anybody sees it.
 *
 * @throws ModelFailure, UnusableAnswer
 */
export async function askFor<Answer>(
  guard: Pick<Guard, 'name' | 'answer'>,
  question: Question<Answer>,
  { signal, caller }: { signal: AbortSignal; caller: string },
): Promise<StructuredAnswer<Answer>> {
  const { system, prompt, images = [], name, schema, asked = schema, tokens } = question;
  const form = z.toJSONSchema(asked, { io: 'input' });
  const answer = await guard.answer(
    {
      // In words, too, for servers that hold no model to a form; some refuse to without the word "JSON".
      system: `${system}\n\nAnswer with nothing but JSON of this form (a JSON schema):\n${JSON.stringify(form)}`,
      messages: [{ role: 'user', content: prompt }],
      ...(images.length > 0 && { images }),
      ...(tokens !== undefined && { tokens }),
      format: { name, schema: form },
      temperature: 0,
    },
    { signal, caller },
  );
  const unusable = (what: string) => new UnusableAnswer(guard.name, what, answer);
  if (answer.finishReason !== 'stop' && answer.finishReason !== 'other')
    throw unusable(`did not come to the end of its answer (${answer.finishReason})`);
  const value = jsonIn(answer.text);
  if (value === undefined) throw unusable('answered with something that is no JSON');
  const checked = schema.safeParse(value);
  if (!checked.success) throw unusable(`answered in another form: ${problemsOf(checked.error)}`);
  const { tokensIn, tokensOut } = answer;
  return { value: checked.data, model: guard.name, tokensIn, tokensOut };
}

/** Models that are not bound to a format like to wrap JSON in Markdown. Nothing else around it is guessed at. */
function jsonIn(text: string): unknown {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/i.exec(text)?.[1];
  try {
    return JSON.parse(fenced ?? text);
  } catch {
    return undefined;
  }
}

/** Where it differs, by the names of our own form: what the model wrote there is not repeated. */
function problemsOf(error: z.ZodError): string {
  const told = error.issues.slice(0, TOLD).map((issue) => {
    const path = issue.path.map((step) => (typeof step === 'symbol' ? '?' : step)).join('.');
    return issue.code === 'unrecognized_keys' ? `${path} has further fields` : `${path}: ${issue.code}`;
  });
  const more = error.issues.length - told.length;
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
