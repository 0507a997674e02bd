/** Turns said before one, in the same conversation, that are looked at to understand what it says of its speaker. */
export const CONTEXT_TURNS = 4;
