import type { ConversationLine, DeletedLine } from '../conversations/restored.ts';
import type { TurnLine } from '../interactions/rows.ts';

/** Lines of one conversation; a page of an export may begin in the middle of one. */
export interface Part {
  readonly conversation: ConversationLine | null;
  readonly conversationId: string;
  readonly turns: { readonly line: number; readonly turn: TurnLine | DeletedLine }[];
}
