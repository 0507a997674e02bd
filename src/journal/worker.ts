import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { JournalFile } from './file.ts';
import type {
  JournalLook,
  JournalPrune,
  JournalPurge,
  JournalReply,
  JournalRequest,
  JournalWrite,
} from './protocol.ts';

/**
 * The thread that owns the journal's file. Requests that arrive while a commit is running are committed together
 * by the next one, so that the cost of the fsync is shared.
 */
const port = parentPort as MessagePort;
const file = open();
if (file) {
  reply({ opened: file.recovered });
  port.on('message', (first: JournalRequest) => {
    const requests = [first];
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
      requests.push(next.message as JournalRequest);
    handle(file, requests);
  });
}

function open(): JournalFile | null {
  try {
    return new JournalFile(workerData as { path: string; maxBytes: number });
  } catch (error) {
    const { message, errcode = 0 } = error as Error & { errcode?: number };
    reply({ openFailed: { message, busy: (errcode & 0xff) === 5 } });
    return null;
  }
}

function handle(journal: JournalFile, requests: readonly JournalRequest[]): void {
  const writes = requests.filter((request) => request.op === 'write');
  // Beyond the limit additions are refused; what came together with them is not, or there would never be space again.
  const additions = journal.isFull ? writes.filter((write) => write.add.length > 0) : [];
  for (const group of [writes.filter((write) => !additions.includes(write)), additions]) {
    if (group.length === 0) continue;
    const { seqs, failure, size } = journal.commit(group);
    for (const [index, { id }] of group.entries())
      reply(
        failure ? { id, failure, size } : { id, seqs: seqs[index] ?? [], size, ...apart(journal, group) },
      );
  }
  for (const request of requests) {
    if (request.op === 'purge') purge(journal, request);
    if (request.op === 'waiting' || request.op === 'dead' || request.op === 'prune') answer(journal, request);
  }
  const closing = requests.find((request) => request.op === 'close');
  if (!closing) return;
  journal.close();
  reply({ id: closing.id, seqs: [], size: 0 });
  port.close();
}

/** How many are set apart, where the writes changed that. */
function apart(journal: JournalFile, writes: readonly JournalWrite[]): { setApart?: number } {
  const areSame = writes.every(
    ({ bury, revive, discard, forget }) => bury.length + revive.length + discard.length + forget.length === 0,
  );
  return areSame ? {} : { setApart: journal.dead.count };
}

function purge(journal: JournalFile, { id, fields }: JournalPurge): void {
  const { removed, failure } = journal.purge(fields);
  reply(
    failure
      ? { id, undone: `could not be purged: ${failure.message}` }
      : { id, seqs: [removed], size: 0, setApart: journal.dead.count },
  );
}

/** What fails here leaves the file as it was. */
function answer(journal: JournalFile, request: JournalLook | JournalPrune): void {
  const { id } = request;
  try {
    reply(
      request.op === 'prune'
        ? { id, seqs: [journal.prune(request)], size: 0 }
        : { id, found: pageOf(journal, request) },
    );
  } catch (error) {
    reply({ id, undone: `could not be read: ${(error as Error).message}` });
  }
}

function pageOf(journal: JournalFile, { op, after, limit }: JournalLook) {
  return op === 'dead' ? journal.dead.page(after, limit) : journal.waiting(after, limit);
}

function reply(message: JournalReply): void {
  port.postMessage(message);
}
