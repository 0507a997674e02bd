/** Characters of each side of a turn that its vector is made of: about 750 tokens, which common models take. */
const SIDE_LENGTH = 3_000;

/**
 * SQL: what is embedded of a turn `t`, "speaker: query" and "responder: response" on two lines, each side cut.
 * PostgreSQL makes it for the worker and for the reconciler, so that both mean the same text to the byte.
 */
export const EMBEDDED_TEXT = `coalesce(t.speaker, 'user') || ': ' || left(t.query, ${SIDE_LENGTH})
  || case when t.response = '' then '' else E'\\n' || coalesce(t.responder, 'assistant') || ': ' || left(t.response, ${SIDE_LENGTH}) end`;

/**
 * SQL: the content hash of a turn `t`: SHA-256 over the model's key and the embedded text, hexadecimal.
 *
 * @param model a parameter, e.g. `$1`
 */
export const contentHash = (model: string): string =>
  `encode(sha256(convert_to(${model}::text || E'\\n' || ${EMBEDDED_TEXT}, 'UTF8')), 'hex')`;
