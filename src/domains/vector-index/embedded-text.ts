/** Characters of each side of a turn that its vector is made of: about 750 tokens, which common models take. */
const SIDE_LENGTH = 3_000;
/** How much of a turn is embedded. */
export const EMBEDDED_PARAMETERS = { SIDE_LENGTH };

/**
 * SQL: what is embedded of a turn `t`: what was asked and what was answered, on lines of their own, each cut. Nobody's name, no
 * day and nothing of other turns: a name would make turns that address somebody look like what they said, and a search looks at the
 * turns around each one anyway. PostgreSQL makes it for the worker and for the reconciler, so that both mean the same text to the byte.
 */
export const EMBEDDED_TEXT = `left(t.query, ${SIDE_LENGTH})
  || case when t.response = '' then '' else E'\\n' || left(t.response, ${SIDE_LENGTH}) end`;

/** SQL: about how many characters that are. */
export const EMBEDDED_LENGTH = `least(length(t.query), ${SIDE_LENGTH}) + least(length(t.response), ${SIDE_LENGTH})`;

/**
 * SQL: the content hash of a turn `t`: SHA-256 over the model's key and the embedded text, hexadecimal.
 *
 * @param model a parameter, e.g. `$1`
 */
export const contentHash = (model: string): string =>
  `encode(sha256(convert_to(${model}::text || E'\\n' || ${EMBEDDED_TEXT}, 'UTF8')), 'hex')`;
