import type pg from 'pg';
import type { Addresses } from './addresses.ts';

/** A client that goes to the address of now, and passes it over where it cannot connect. */
export interface AddressedClient extends pg.Client {
  /** Where it leads; null: the only place there is. */
  readonly address: string | null;
}

/** @param addresses null: what the pool was told is where it is */
export function addressedClient(addresses: Addresses | null, base: typeof pg.Client): typeof pg.Client {
  if (addresses === null) return base;
  const places = addresses;
  return class extends base implements AddressedClient {
    readonly address: string;

    constructor(config?: pg.ClientConfig) {
      const address = places.current;
      super({ ...config, connectionString: address });
      this.address = address;
    }

    // biome-ignore lint/suspicious/noExplicitAny: both overloads are passed on
    override connect(...args: any[]): any {
      const [done] = args as [((error: Error | null) => void)?];
      const passOver = () => places.passOver(this.address);
      if (done)
        return super.connect((error: Error | null) => {
          if (error) passOver();
          done(error);
        });
      return super.connect().catch((error: unknown) => {
        passOver();
        throw error;
      });
    }
  } as unknown as typeof pg.Client;
}

/** The address of a client, where there may be others. */
export function addressOfClient(client: pg.ClientBase): string | null {
  return (client as Partial<AddressedClient>).address ?? null;
}
