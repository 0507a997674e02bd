import { z } from 'zod';
import type { RateClass } from '../access/limits.ts';
import type { Permission, Principal } from '../access/principals.ts';
import type { RestServices, Tools } from './request.ts';

/** One request to a row, as its schemas have read it. */
export interface Asked<Path = unknown, Query = unknown, Body = unknown> {
  readonly services: RestServices;
  readonly principal: Principal;
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** Names the request, so that a retry is answered as the first attempt was. */
  readonly idempotencyKey: string | undefined;
  /** Tools of the door for assistants, in the name of the caller. */
  readonly tools: Tools;
  /** Aborted when the caller does not wait any more. */
  readonly signal: AbortSignal;
}

/** What it takes to call a row. */
interface Toll {
  readonly needs: Permission;
  readonly rate: RateClass;
  readonly points: number;
}

/** About what the same costs as a GraphQL operation. */
const READ_POINTS = 200;
export const READING: Toll = { needs: 'READ', rate: 'READ', points: READ_POINTS };
/** What is called through it takes its own toll. */
export const KNOCKING: Toll = { needs: 'READ', rate: 'READ', points: 1 };
export const WATCHING: Toll = { needs: 'METRICS', rate: 'READ', points: READ_POINTS };
export const WRITING: Toll = { needs: 'WRITE', rate: 'WRITE', points: 1 };
export const ANSWERING: Toll = { needs: 'WRITE', rate: 'HEAVY', points: 1 };
/** Beside the permission the verb asks for the role. */
export const ADMINISTERING: Toll = { needs: 'ADMIN', rate: 'READ', points: READ_POINTS };
export const CLEARING: Toll = { needs: 'ADMIN', rate: 'HEAVY', points: 1 };

type Method = 'GET' | 'POST' | 'DELETE';
type Address = `/${string}`;

interface Form<Path, Query, Body, Given> {
  readonly method: Method;
  /** Addresses of the same; variable parts in braces. */
  readonly at: readonly Address[];
  /** Under which heading it is documented. */
  readonly group: string;
  readonly summary: string;
  readonly toll: Toll;
  readonly path?: Path;
  /** What may stand behind the question mark of the address. */
  readonly query?: Query;
  /** Null: a body is not looked at. */
  readonly body?: Body;
  /** Whether a request without a body is one with an empty object. */
  readonly isBodyOptional?: boolean;
  /** Whether it takes the header Idempotency-Key. */
  readonly isIdempotent?: boolean;
  /** Whether a page of another site, which may be open beside it, could do something by an address alone. */
  readonly writesByGet?: boolean;
  /** Of a stream: it goes on until the caller leaves. */
  readonly lasts?: boolean;
  /** What fields are called here that the verb, when it refuses them, calls otherwise than in camel case. */
  readonly fieldNames?: Readonly<Record<string, string>>;
  readonly gives: Given;
}

/** An endpoint: its schemas check what comes, say to the compiler what goes, and are what the document is made of. */
export interface Row extends Form<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType> {
  readonly isStream: boolean;
  run(asked: Asked): Promise<unknown> | AsyncIterable<unknown>;
}

const nothing = z.object({});
type Nothing = typeof nothing;

/** An endpoint that answers with one JSON value. */
export function defineRow<
  Given extends z.ZodType,
  Path extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
  Body extends z.ZodType = z.ZodNever,
>(
  row: Form<Path, Query, Body, Given> & {
    run(asked: Asked<z.output<Path>, z.output<Query>, z.output<Body>>): Promise<z.output<Given>>;
  },
): Row {
  return { ...row, isStream: false } as unknown as Row;
}

/** An endpoint that answers with server-sent events. @param row.gives one of its events */
export function defineStream<
  Given extends z.ZodType,
  Query extends z.ZodObject = Nothing,
  Body extends z.ZodType = z.ZodNever,
>(
  row: Form<Nothing, Query, Body, Given> & {
    run(asked: Asked<unknown, z.output<Query>, z.output<Body>>): AsyncIterable<z.output<Given>>;
  },
): Row {
  return { ...row, isStream: true } as unknown as Row;
}
