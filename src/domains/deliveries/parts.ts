import type { Ports } from '../../ground/ports.ts';
import type { ClosingStack } from '../../jobs/ending.ts';
import { nameOfDirectory } from '../tasks/worker-directory.ts';
import { Courier } from './courier.ts';

interface DeliveryParts {
  readonly deliveries: Courier;
}

declare module '../../graphql/context.ts' {
  interface Services extends DeliveryParts {}
}

/** Who sends what is in the outbox. */
export function openDeliveries(
  { config, db, log, availability, keepers }: Ports,
  closing: ClosingStack,
): DeliveryParts {
  const directory = nameOfDirectory(config.dataDirectory);
  const deliveries = new Courier({ db, log, availability, keepers, directory });
  deliveries.start();
  closing.defer(() => deliveries.stop());
  return { deliveries };
}
