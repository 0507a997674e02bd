import { expect } from 'vitest';
import type { Result } from './harness.ts';

/** A turn as `recordTurns` takes it; a mere text is what the user said. */
export type GivenTurn = string | { readonly query: string; readonly [field: string]: unknown };

export interface FoundTurn {
  readonly score: number;
  readonly tier: string;
  readonly reasons: string[];
  readonly interaction: {
    readonly turnId: string;
    readonly query: string;
    readonly response: string;
    readonly timestamp: string;
  };
}

export interface StoredTurn {
  readonly turnId: string;
  /** Null while only the journal has it. */
  readonly sequence: number | null;
  readonly durability: 'COMMITTED' | 'JOURNALED';
}

type Recorded = Pick<StoredTurn, 'durability'> & { interactions: Omit<StoredTurn, 'durability'>[] };
type Graphql = (query: string, variables?: Record<string, unknown>, user?: string) => Promise<Result>;

/** As many turns as one request may record. */
const MOST_TURNS = 500;
const RECORD = `mutation ($input: RecordTurnsInput!) { recordTurns(input: $input) {
  ... on RecordTurnsSuccess { durability interactions { turnId sequence } } ... on Error { code message } } }`;
const ASK = `mutation ($input: ProcessQueryInput!) { processQuery(input: $input) {
  ... on ProcessQuerySuccess { durability replayed conversation { conversationId }
    interaction { turnId query response status intent modelUsed } memories { interaction { query } } }
  ... on Error { code message } } }`;
const SEARCH = `query ($query: String!, $limit: Int, $timeZone: String, $filter: MemoryFilter) {
  memorySearch(query: $query, limit: $limit, timeZone: $timeZone, filter: $filter) {
    hits { score tier reasons interaction { turnId query response timestamp } } } }`;

/** What nearly every test does with a server, where it is not what the test is about: each expects that it works. */
export function turnCalls(graphql: Graphql) {
  /** The one field of a mutation, which succeeded. */
  async function succeed(mutation: string, input: object, user: string | undefined) {
    const { data, errors } = await graphql(mutation, { input }, user);
    expect(errors).toBeUndefined();
    const [result] = Object.values(data ?? {}) as [Record<string, unknown>];
    expect([result.code, result.message]).toEqual([undefined, undefined]);
    return result;
  }
  return {
    /**
     * Records turns of one conversation, in their order.
     *
     * @param more fields of the input beside the turns
     * @returns in the order given
     */
    async record(conversationId: string, turns: readonly GivenTurn[], user?: string, more: object = {}) {
      const stored: StoredTurn[] = [];
      for (let start = 0; start < turns.length; start += MOST_TURNS) {
        const part = turns.slice(start, start + MOST_TURNS);
        const given = part.map((turn) => (typeof turn === 'string' ? { query: turn } : turn));
        const result = await succeed(RECORD, { conversationId, turns: given, ...more }, user);
        const { durability, interactions } = result as unknown as Recorded;
        stored.push(...interactions.map((turn) => ({ ...turn, durability })));
      }
      return stored;
    },
    /** Asks. @param more fields of the input beside the query */
    async ask(query: string, user?: string, more: object = {}) {
      const result = await succeed(ASK, { query, ...more }, user);
      return result as {
        durability: string;
        replayed: boolean;
        conversation: { conversationId: string };
        interaction: Record<'turnId' | 'query' | 'response' | 'status' | 'intent' | 'modelUsed', string>;
        memories: { interaction: { query: string } }[];
      };
    },
    /** What a search of memory finds, best first. */
    async search(
      query: string,
      user?: string,
      more: { limit?: number; timeZone?: string; filter?: object | null } = {},
    ): Promise<FoundTurn[]> {
      const { data, errors } = await graphql(SEARCH, { query, ...more }, user);
      expect(errors).toBeUndefined();
      return data.memorySearch.hits;
    },
  };
}
