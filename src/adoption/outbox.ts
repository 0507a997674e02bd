import { ImportRefusedError, type Send } from '../import/operations.ts';
import { LineBatch, restoreLines } from '../import/restoring.ts';

/** Lines that belong together: if one of them is refused, those behind it cannot be taken. */
export interface Packet {
  readonly line: string;
  /** Whose line it is a part of, such as a conversation; null: it stands alone. */
  readonly group: string | null;
  /** What it is, for people. */
  readonly what: string;
}

export interface Outcome {
  turns: number;
  replayed: number;
  characters: number;
}

export type TellRefused = (what: string, why: string) => void;

/** Users whose lines are gathered at once. */
const MAX_USERS = 32;

/** Gathers lines by user, and sends them in large requests. What the server refuses is told by name, and keeps nothing else out. */
export class Outbox {
  readonly outcome: Outcome = { turns: 0, replayed: 0, characters: 0 };
  readonly #send: Send;
  readonly #tellRefused: TellRefused;
  readonly #gathered = new Map<string, { batch: LineBatch; packets: Packet[] }>();
  readonly #broken = new Set<string>();

  constructor(send: Send, tellRefused: TellRefused) {
    this.#send = send;
    this.#tellRefused = tellRefused;
  }

  async add(userId: string, packet: Packet): Promise<void> {
    if (this.#isBroken(packet)) return;
    let own = this.#gathered.get(userId);
    if (own?.batch.add(packet.line)) {
      own.packets.push(packet);
      return;
    }
    if (own) await this.#flush(userId);
    else if (this.#gathered.size >= MAX_USERS) await this.flush();
    if (this.#isBroken(packet)) return;
    own = { batch: new LineBatch(), packets: [packet] };
    own.batch.add(packet.line);
    this.#gathered.set(userId, own);
  }

  async flush(): Promise<void> {
    for (const userId of [...this.#gathered.keys()]) await this.#flush(userId);
  }

  async #flush(userId: string): Promise<void> {
    const own = this.#gathered.get(userId);
    if (!own) return;
    this.#gathered.delete(userId);
    try {
      this.#count(await restoreLines(this.#send, userId, own.batch.lines));
    } catch (error) {
      if (!(error instanceof ImportRefusedError)) throw error;
      // All or nothing: one after the other shows which one it is.
      for (const packet of own.packets) await this.#sendAlone(userId, packet);
    }
  }

  async #sendAlone(userId: string, packet: Packet): Promise<void> {
    if (this.#isBroken(packet)) return;
    try {
      this.#count(await restoreLines(this.#send, userId, [packet.line]));
    } catch (error) {
      if (!(error instanceof ImportRefusedError)) throw error;
      this.#tellRefused(packet.what, error.message);
      if (packet.group !== null) this.#broken.add(packet.group);
    }
  }

  #isBroken({ group, what }: Packet): boolean {
    if (group === null || !this.#broken.has(group)) return false;
    this.#tellRefused(what, 'stands behind one that was refused');
    return true;
  }

  #count({ turns, replayed, characters }: Outcome): void {
    this.outcome.turns += turns;
    this.outcome.replayed += replayed;
    this.outcome.characters += characters;
  }
}
