import type { Logger } from '../../log.ts';
import type { Outcome } from '../deliveries/channel.ts';
import type { AlertMessage, AlertWay } from './ways.ts';

/** The log, which has every alert anyway: this is how one sees that it arrives where logs are read. */
export class LogWay implements AlertWay {
  readonly name = 'log';
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  async send({ id, type, subject, lines }: AlertMessage): Promise<Outcome> {
    this.#log.warn({ message: id, type, subject, lines }, 'a message for the operator');
    return { kind: 'DELIVERED', status: null };
  }
}
