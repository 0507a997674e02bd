import type { Owner } from '../../access/principals.ts';
import type { Database } from '../../db/client.ts';
import type { DeliveryRow } from '../deliveries/tables.ts';
import { changesById } from '../facts/history.ts';
import { factsByNumber } from '../facts/reads.ts';
import { interactionsByTurnId } from '../interactions/reads.ts';
import { tasksByTaskId } from '../tasks/reads.ts';

/** The body of a message, as Standard Webhooks has it; null: what it would tell of is there no more. */
export async function messageOf(db: Database, delivery: DeliveryRow): Promise<string | null> {
  const { kind, payload, createdAt } = delivery;
  const data = await dataOf(db, delivery);
  if (data === null) return null;
  const cursor = typeof payload.cursor === 'string' ? { cursor: payload.cursor } : {};
  const timestamp = typeof payload.at === 'string' ? payload.at : createdAt.toISOString();
  return JSON.stringify({ type: kind, timestamp, ...cursor, data });
}

/** Things are told as they are when the message is made, like subscribers hear of them; what is deleted is told to nobody. */
async function dataOf(db: Database, delivery: DeliveryRow): Promise<object | null> {
  const { kind, payload, tenantId } = delivery;
  const owner = { tenantId, userId: delivery.userId ?? '' };
  if (kind === 'interaction.added' || kind === 'interaction.answered')
    return turnOf(db, owner, String(payload.turnId));
  if (kind === 'fact.changed') return factOf(db, owner, String(payload.changeId));
  if (kind === 'task.changed') return taskOf(db, owner, payload);
  const { at: _at, cursor: _cursor, ...told } = payload;
  return told;
}

async function turnOf(db: Database, owner: Owner, turnId: string): Promise<object | null> {
  const [row] = await interactionsByTurnId(db, owner, [turnId]);
  if (!row) return null;
  const { conversationId, userId, sequence, timestamp, createdAt, speaker, query, responder, response } = row;
  const { status, modelUsed, intent, sessionId, metadata } = row;
  return {
    interaction: {
      ...{
        turnId,
        conversationId,
        userId,
        sequence,
        timestamp,
        createdAt,
        speaker,
        query,
        responder,
        response,
      },
      ...{ status, modelUsed, intent, sessionId, metadata },
    },
  };
}

async function factOf(db: Database, owner: Owner, changeId: string): Promise<object | null> {
  const [change] = await changesById(db, owner, [changeId]);
  if (!change) return null;
  const [fact] = await factsByNumber(db, owner.tenantId, [change.fact]);
  if (!fact) return null;
  const { factId, userId, statement, subject, predicate, object, category, negated, confidence } = fact;
  const { status, origin, validFrom, validUntil, recordedAt, retiredAt } = fact;
  return {
    ...{ changeId, kind: change.kind, by: change.by },
    fact: {
      ...{ factId, userId, statement, subject, predicate, object, category, negated, confidence },
      ...{ status, origin, validFrom, validUntil, recordedAt, retiredAt },
    },
  };
}

async function taskOf(
  db: Database,
  owner: Owner,
  told: Readonly<Record<string, unknown>>,
): Promise<object | null> {
  const [row] = await tasksByTaskId(db, { ...owner, system: false }, [String(told.taskId)]);
  if (!row) return null;
  const { taskId, userId, taskType, name, result, error, createdAt, startedAt, completedAt } = row;
  return {
    // How it was then.
    status: told.status,
    task: {
      ...{ taskId, userId, type: taskType, name, status: row.status, result, error },
      ...{ createdAt, startedAt, completedAt },
    },
  };
}
