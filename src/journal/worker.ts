import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { JournalFile } from './file.ts';
import type { JournalReply, JournalRequest } from './protocol.ts';

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
      reply(failure ? { id, failure, size } : { id, seqs: seqs[index] ?? [], size });
  }
  for (const request of requests) {
    if (request.op !== 'purge') continue;
    const { removed, failure } = journal.purge(request.fields);
    reply(
      failure
        ? { id: request.id, purgeFailed: failure.message }
        : { id: request.id, seqs: [removed], size: 0 },
    );
  }
  const closing = requests.find((request) => request.op === 'close');
  if (!closing) return;
  journal.close();
  reply({ id: closing.id, seqs: [], size: 0 });
  port.close();
}

function reply(message: JournalReply): void {
  port.postMessage(message);
}
