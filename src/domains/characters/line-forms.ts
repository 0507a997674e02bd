import { z } from 'zod';
import { CardError } from '../../cards/card-error.ts';
import { checkCard, isObject, type Json } from '../../cards/container.ts';
import { MAX_CARD_BYTES } from '../../cards/limits.ts';
import * as input from '../../ground/input.ts';
import { MAX_ALIASES } from './characters.ts';

const short = (maximum: number) => input.text(maximum, 0).nullable();
const long = input.text(20_000, 0).nullable();
const instant = z.iso
  .datetime({ error: 'must be an instant in ISO 8601' })
  .transform((text) => new Date(text));

/** A character of a user's own as a line of an export: everything that is kept of it. */
export const CharacterLine = z.object({
  kind: z.literal('character'),
  characterName: input.text(100),
  aliases: z.array(input.text(100)).max(MAX_ALIASES),
  creator: input.text(100, 0),
  sourceFranchise: input.text(200, 0),
  characterType: input.text(50, 0),
  age: z.int().min(0).nullable(),
  gender: short(20),
  physicalDescription: long,
  height: short(20),
  build: short(50),
  hairColor: short(100),
  hairStyle: short(100),
  eyeColor: short(100),
  distinctiveFeatures: long,
  personalityTraits: long,
  backgroundStory: long,
  occupation: short(100),
  skillsAbilities: long,
  relationships: long,
  visualStyle: short(100),
  artStyle: short(100),
  referenceImages: input.jsonValueList,
  styleElements: input.jsonValueList,
  generationPrompts: long,
  generationCount: z.int().min(0),
  consistencyScore: z.number().min(0).max(1),
  lastGenerated: instant.nullable(),
  conversationMentions: z.int().min(0),
  createdAt: instant,
  updatedAt: instant,
  notes: long,
  isActive: z.boolean(),
});
export type CharacterLine = z.output<typeof CharacterLine>;

/** A card that can be kept. */
export const CardJson = z
  .custom<Json>(isObject, { error: 'must be a JSON object' })
  .superRefine((card, context) => {
    const bytes = Buffer.byteLength(JSON.stringify(card));
    const problem =
      bytes > MAX_CARD_BYTES
        ? `must have at most ${MAX_CARD_BYTES} bytes as JSON, has ${bytes}`
        : problemOf(card);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });

function problemOf(card: Json): string | null {
  try {
    checkCard(card, 'it');
    return null;
  } catch (error) {
    if (error instanceof CardError) return error.message;
    throw error;
  }
}
