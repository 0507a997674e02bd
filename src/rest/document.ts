import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { VERSION } from '../version.ts';
import { second } from './formats.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';

const Failure = z
  .object({
    detail: z.string().describe('For people: which field, and its limit.'),
    error_code: z.string().describe('For programs.'),
    timestamp: second,
  })
  .meta({ id: 'Failure', description: 'Why a request was not answered.' });

const FAILURES = {
  400: 'The body is no JSON, or the path cannot be read (BAD_REQUEST).',
  401: 'No valid key or token (UNAUTHENTICATED).',
  403: 'The caller may not do this (FORBIDDEN).',
  404: 'There is no such thing, or not for this caller (NOT_FOUND).',
  409: 'The idempotency key names something else (IDEMPOTENCY_KEY_REUSED).',
  410: 'The turn of the idempotency key was deleted (INTERACTION_DELETED).',
  413: 'The body has more than 1 MiB (PAYLOAD_TOO_LARGE).',
  415: 'The body is not sent as application/json in UTF-8 (UNSUPPORTED_MEDIA_TYPE).',
  422: 'A field is missing or wrong (VALIDATION_ERROR).',
  429: 'Too many requests; Retry-After says when to come again (RATE_LIMITED).',
  503: 'Something that is needed does not answer; Retry-After says when to come again (SERVICE_UNAVAILABLE).',
} as const;

let document: ReturnType<typeof createDocument> | null = null;

/** What all endpoints take and give, as OpenAPI 3.1; made of the schemas that check it. */
export function readDocument() {
  document ??= createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Echo Brain: the older REST service',
        version: VERSION,
        description:
          'For programs that were written for the older service; the same verbs stand in GraphQL. Timestamps are in UTC, without fractions of seconds; floats always have a decimal point. Fields of bodies that are not named here are ignored.',
        license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
      },
      servers: [{ url: '/', description: 'This server.' }],
      security: [{ key: [] }, { token: [] }],
      tags: [...new Set(ROWS.map(({ group }) => group))].map((name) => ({ name, description: `${name}.` })),
      paths: paths(),
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          token: { type: 'http', scheme: 'bearer', description: 'A key, or a token (JWT).' },
        },
      },
    },
    // Objects are checked by hand, so that the key __proto__ is kept.
    {
      allowEmptySchema: { custom: true, transform: true },
      override: ({ jsonSchema, zodSchema }) => {
        if (zodSchema._zod.def.type === 'custom') jsonSchema.type = 'object';
      },
    },
  );
  return document;
}

function paths(): ZodOpenApiPathsObject {
  const found: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const row of ROWS)
    for (const address of row.at)
      found[address] = { ...found[address], [row.method.toLowerCase()]: operation(row, address) };
  return found;
}

function operation(row: Row, address: string): ZodOpenApiOperationObject {
  const { path, query, body, isIdempotent } = row;
  return {
    operationId: `${row.method.toLowerCase()}${address.replaceAll(/[^a-z]+/g, '_')}`.replace(/_$/, ''),
    summary: row.summary,
    tags: [row.group],
    requestParams: {
      ...(path && { path }),
      ...(query && { query }),
      ...(isIdempotent && { header: idempotency }),
    },
    ...(body && {
      requestBody: {
        required: !row.isBodyOptional,
        content: { 'application/json': { schema: body } },
      },
    }),
    responses: {
      200: {
        description: row.isStream ? 'Events, one after the other, each in a line `data:`.' : 'As it is now.',
        content: { [row.isStream ? 'text/event-stream' : 'application/json']: { schema: row.gives } },
      },
      ...Object.fromEntries(
        failuresOf(row).map((status) => [
          status,
          { description: FAILURES[status], content: { 'application/json': { schema: Failure } } },
        ]),
      ),
    },
  };
}

const idempotency = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .describe(
      'Names the turn within its conversation, 1 to 255 printable ASCII characters: a retry stores it once.',
    ),
});

function failuresOf({ path, query, body, isIdempotent }: Row): (keyof typeof FAILURES)[] {
  return [
    ...(path || body ? ([400] as const) : []),
    ...([401, 403] as const),
    ...(path || query || body ? ([404] as const) : []),
    ...(isIdempotent ? ([409, 410] as const) : []),
    ...(body ? ([413, 415] as const) : []),
    ...(path || query || body ? ([422] as const) : []),
    ...([429, 503] as const),
  ];
}
