import type { Availability } from '../../db/availability.ts';
import { onceAvailable } from '../interactions/views.ts';
import type { TaskRow } from './tables.ts';

/** A task that an event told of, as soon as the database answers. @returns null: there is none for this caller */
export function taskOnceAvailable(
  services: { readonly availability: Availability },
  load: () => Promise<TaskRow | null>,
  signal: AbortSignal,
): Promise<TaskRow | null> {
  return onceAvailable(services, load, signal);
}
