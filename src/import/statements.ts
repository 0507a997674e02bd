import { MAX_QUERY_LENGTH } from '../ground/input.ts';
import { beginningOf, inPieces } from '../texts.ts';
import { nameFor, toKey } from './exchanges.ts';
import { type ImportRecord, toTurnRecord } from './records.ts';

/** What another program remembered: said by nobody in a dialogue, and true when it was written. */
export type Statement = {
  source: string;
  conversationId: string;
  title: string;
  /** Null where the export names it by nothing: its text does. */
  id: string | null;
  text: string;
  /** Milliseconds since 1970; null where the export does not tell: the import is when it was said. */
  time: number | null;
  /** Null: the user, whom such statements are about. */
  speaker: string | null;
  sessionId?: string | null;
  metadata: Record<string, unknown>;
};

/**
 * A statement as a turn without an answer, and one over the server's limit as several: so it is found, shown with its time
 * and origin, and learned from as what the user says is.
 */
export function* toStatementRecords(line: number, statement: Statement): Generator<ImportRecord> {
  const { source, id, time, speaker, sessionId = null, title } = statement;
  const conversationId = nameFor(source, statement.conversationId);
  const pieces = inPieces(statement.text, MAX_QUERY_LENGTH);
  for (const [index, query] of pieces.entries()) {
    const part = pieces.length > 1 ? { part: { number: index + 1, of: pieces.length } } : {};
    const names = pieces.length > 1 ? [`${id} part`, String(index + 1)] : [`${id}`];
    const record = toTurnRecord(
      line,
      {
        ...{
          conversationId,
          query,
          speaker,
          sessionId: sessionId && beginningOf(sessionId, MAX_SESSION_LENGTH),
        },
        timestamp: time === null ? null : new Date(time).toISOString(),
        metadata: { source, ...statement.metadata, ...part },
        ...(id === null ? {} : { idempotencyKey: toKey(source, conversationId, names) }),
      },
      '',
      { query: 'text' },
    );
    yield record.kind === 'turn' ? { ...record, title } : record;
  }
}

const MAX_SESSION_LENGTH = 255;
