import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readDialogue } from '../../src/import/dialogue.ts';
import type { TurnInput } from '../../src/import/records.ts';

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
 * @throws Error where the file is not one
 */
export async function readEvaluation(
  file: string,
): Promise<{ dialogues: Dialogue[]; questions: Question[] }> {
  const { conversations } = File.parse(JSON.parse(await readFile(file, 'utf8')));
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
