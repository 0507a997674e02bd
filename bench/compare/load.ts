import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answered, Load } from './client.ts';

/** The process that makes load. */
export class Client {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'client.ts'), { stdio: 'inherit' });
  }

  /** @throws Error with the first answer that was none */
  async run(load: Load): Promise<Answered> {
    this.#child.send(load);
    const [answer] = (await once(this.#child, 'message')) as [Answered | { error: string }];
    if ('error' in answer) throw new Error(`${load.url}${load.path}: ${answer.error}`);
    return answer;
  }

  close(): void {
    this.#child.kill();
  }
}
