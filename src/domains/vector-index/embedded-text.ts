/** Characters of each side of a turn that its vector is made of: about 750 tokens, which common models take. */
const SIDE_LENGTH = 3_000;
/** Characters of each side of a turn before it. */
const EARLIER_LENGTH = 300;
const EARLIER_TURNS = 2;

/**
 * SQL: what is embedded of a turn `t`: its day, the two turns before it in the same session, and "speaker: query"
 * and "responder: response", all on lines of their own, each side cut. Later turns are no part of it, so that it
 * stays the same. PostgreSQL makes it for the worker and for the reconciler, so that both mean the same text to the
 * byte.
 */
export const EMBEDDED_TEXT = `to_char(t.timestamp at time zone 'UTC', 'YYYY-MM-DD') || E'\\n' || coalesce((
    select string_agg(${lines('e', EARLIER_LENGTH)}, E'\\n' order by e.sequence) || E'\\n'
    from echo_unified_interactions e
    where e.conversation_id = t.conversation_id and e.tenant_id = t.tenant_id and e.user_id = t.user_id
      and e.sequence between t.sequence - ${EARLIER_TURNS} and t.sequence - 1
      and e.session_id is not distinct from t.session_id
  ), '') || ${lines('t', SIDE_LENGTH)}`;

/** SQL: the same without the turns before: what is left where a model does not take all of it. */
export const OWN_TEXT = `to_char(t.timestamp at time zone 'UTC', 'YYYY-MM-DD') || E'\\n' || ${lines('t', SIDE_LENGTH)}`;

/** SQL: about how many characters that are, without those of the turns before. */
export const EMBEDDED_LENGTH = `least(length(t.query), ${SIDE_LENGTH}) + least(length(t.response), ${SIDE_LENGTH})`;

function lines(turn: string, length: number): string {
  return `coalesce(${turn}.speaker, 'user') || ': ' || left(${turn}.query, ${length})
    || case when ${turn}.response = '' then ''
       else E'\\n' || coalesce(${turn}.responder, 'assistant') || ': ' || left(${turn}.response, ${length}) end`;
}

/**
 * SQL: the content hash of a turn `t`: SHA-256 over the model's key and the embedded text, hexadecimal.
 *
 * @param model a parameter, e.g. `$1`
 */
export const contentHash = (model: string): string =>
  `encode(sha256(convert_to(${model}::text || E'\\n' || ${EMBEDDED_TEXT}, 'UTF8')), 'hex')`;
