import { EchoError } from '../../errors.ts';
import { beginningOf } from '../../texts.ts';
import { generateImage, MAX_ASKED } from '../generations/generations.ts';
import type { AcceptedQuery } from './accepted.ts';
import { quote } from './citation.ts';
import type { GatheredContext } from './gather.ts';
import type { PatientServices } from './query.ts';

/**
 * Makes the task that draws what a query asks for, once for its turn, and says which it is.
 *
 * @returns null: nobody draws here, or the query does not say what
 */
export async function drawn(
  services: PatientServices,
  { owner, turnId }: AcceptedQuery,
  { classification, characters }: GatheredContext,
): Promise<string | null> {
  const { intent, prompt } = classification;
  if (intent !== 'anime_generation' && intent !== 'image_generation') return null;
  if (prompt === null || services.config.comfyUi === null) return null;
  const [character] = characters;
  const asked = { prompt: beginningOf(prompt, MAX_ASKED), character: character?.characterName };
  const what = `“${quote(prompt)}”${character ? ` with ${character.characterName}` : ''}`;
  try {
    let isAsked = false;
    const begin = () => {
      isAsked = true;
      return generateImage(services, owner, asked, turnId);
    };
    const task = await services.availability.tolerate(begin, null);
    if (!task && !isAsked)
      return `I could not begin to draw ${what}: the database is away. Ask again in a moment.`;
    // Nobody waits for it any longer, but nobody stops it either, and a commit may have gone through unheard.
    if (!task)
      return `I may be drawing ${what}: the database did not say in time whether it took the task. If it did, its progress is told as it goes, and the picture will be among your generations.`;
    return `I am drawing ${what}. The task is ${task.taskId}; its progress is told as it goes, and the picture will be among your generations.`;
  } catch (error) {
    if (!(error instanceof EchoError)) throw error;
    return `I could not begin to draw ${what}: ${error.message}`;
  }
}
