import type { ForgottenKind } from '../../db/forgotten.ts';
import { eventsOfNoTurn } from '../../events/forgotten.ts';
import { CANARY_TENANT } from '../../ground/ownership.ts';
import {
  conversationsBehind,
  conversationsMiscounted,
  marksOfNoConversation,
  marksOfPresentTurns,
  turnsOfNoConversation,
} from '../conversations/forgotten.ts';
import { factsOfNoSource, sourcesOfNoPicture, sourcesOfNoTurn } from '../facts/forgotten.ts';
import { turnsTwice } from '../interactions/forgotten.ts';
import { refusalsOfNoTurn } from '../learning/forgotten.ts';
import {
  turnsWithoutWords,
  wordsOfLostSegments,
  wordsOfNobody,
  wordsOfNoTurn,
} from '../word-index/forgotten.ts';

/** All rows that hang on turns, in the order in which they are looked at and made good: what others go by comes first. */
export const FORGOTTEN_KINDS: readonly ForgottenKind[] = [
  turnsTwice,
  turnsOfNoConversation,
  conversationsBehind,
  conversationsMiscounted,
  marksOfNoConversation,
  marksOfPresentTurns,
  turnsWithoutWords,
  wordsOfLostSegments,
  wordsOfNoTurn,
  wordsOfNobody,
  sourcesOfNoTurn,
  sourcesOfNoPicture,
  factsOfNoSource,
  refusalsOfNoTurn,
  eventsOfNoTurn(CANARY_TENANT),
];
