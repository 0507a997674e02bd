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
  if (writes.length > 0) {
    const { seqs, failure, size } = journal.commit(writes);
    for (const [index, { id }] of writes.entries())
      reply(failure ? { id, failure, size } : { id, seqs: seqs[index] ?? [], size });
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
