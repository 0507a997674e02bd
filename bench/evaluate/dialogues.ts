import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readDialogue } from '../../src/import/dialogue.ts';
import { ImportFileError, type TurnInput } from '../../src/import/records.ts';

/** A question about a dialogue, with the turns that answer it. */
export interface Question {
  readonly questionId: string;
  readonly conversationId: string;
  readonly category: string;
  readonly question: string;
  /** Ids of turns. */
  readonly evidence: readonly string[];
}

/** A dialogue as it is recorded: what `recordTurns` takes, by the dialogue's own turn ids. */
export interface Dialogue {
  readonly conversationId: string;
  readonly turns: readonly { readonly id: string; readonly input: TurnInput }[];
}

const File = z.object({
  conversations: z.array(
    z.object({
      id: z.string(),
      questions: z.array(
        z.object({
          question_id: z.string(),
          category: z.union([z.string(), z.number()]).transform(String),
          question: z.string(),
          evidence: z.array(z.string()),
        }),
      ),
    }),
  ),
});
/** Questions of this category have no answer in the dialogue. */
const UNANSWERABLE = '5';

/**
 * Reads a file of dialogues with questions (the format of the import, with `questions` beside `turns`).
 *
 * @throws ImportFileError where the file is not one
 */
export async function readEvaluation(
  file: string,
): Promise<{ dialogues: Dialogue[]; questions: Question[] }> {
  const { conversations } = await parsed(file);
  const dialogues = new Map<string, { id: string; input: TurnInput }[]>();
  for await (const record of readDialogue(file, { bytes: 0 })) {
    if (record.kind !== 'turn') throw new Error(`${file}: ${JSON.stringify(record)}`);
    const turns = dialogues.get(record.conversationId) ?? [];
    dialogues.set(record.conversationId, turns);
    turns.push({ id: String(record.turn.metadata?.dialogueId), input: record.turn });
  }
  const questions = conversations.flatMap(({ id, questions: asked }) =>
    asked
      .filter(({ category, evidence }) => category !== UNANSWERABLE && evidence.length > 0)
      .map((each) => ({ ...each, questionId: each.question_id, conversationId: id })),
  );
  return {
    dialogues: [...dialogues].map(([conversationId, turns]) => ({ conversationId, turns })),
    questions,
  };
}

/** @throws ImportFileError */
async function parsed(file: string): Promise<z.output<typeof File>> {
  const refuse = (problem: string): never => {
    throw new ImportFileError(`--data: "${file}" ${problem}`);
  };
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
    refuse(`cannot be read (${error.code})`),
  );
  const read = (): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return refuse('is not valid JSON');
    }
  };
  const { data, error } = File.safeParse(read());
  const [first] = error?.issues ?? [];
  return data ?? refuse(`holds no dialogues with questions (${first?.path.join('.')}: ${first?.message})`);
}
