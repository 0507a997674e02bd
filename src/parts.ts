import { openActivity } from './domains/activity/parts.ts';
import { openAlertRules } from './domains/alert-rules/parts.ts';
import { openAlerts } from './domains/alerts/parts.ts';
import { openAudit } from './domains/audit/parts.ts';
import { openBriefs } from './domains/briefs/parts.ts';
import { openCharacters, startCharacters } from './domains/characters/parts.ts';
import { openCredentials } from './domains/credentials/parts.ts';
import { openGenerations } from './domains/generations/parts.ts';
import { openHealth } from './domains/health/parts.ts';
import { openInteractions } from './domains/interactions/parts.ts';
import { followCharacters, openMedia } from './domains/media-insights/parts.ts';
import { openMemory } from './domains/memory/parts.ts';
import { openMetrics, openRecorder, watchCaches } from './domains/metrics/parts.ts';
import { openObjectives } from './domains/objectives/parts.ts';
import { openPayments } from './domains/payments/parts.ts';
import { openPersistence } from './domains/persistence/parts.ts';
import { openPressure } from './domains/pressure/parts.ts';
import { openPrincipals } from './domains/principals/parts.ts';
import { openPrivacy } from './domains/privacy/parts.ts';
import { openProjects } from './domains/projects/parts.ts';
import { openRepairs } from './domains/repairs/parts.ts';
import { openReports } from './domains/reports/parts.ts';
import { openTasks } from './domains/tasks/parts.ts';
import { openTenants } from './domains/tenants/parts.ts';
import { openVectorIndex } from './domains/vector-index/parts.ts';
import { openWordIndex } from './domains/word-index/parts.ts';
import type { Services } from './graphql/context.ts';
import type { Ports } from './ground/ports.ts';
import type { ClosingStack } from './jobs/ending.ts';
import type { Lists } from './lists/product.ts';

/**
 * Opens every domain. They close in reverse, and the order carries promises:
 *
 * - activity first: what opens later tells what it does, alerts among the first;
 * - then alerts: whatever opens later may find a danger, and whatever closes may meet one;
 * - credentials before what asks for the keys of models and of Qdrant;
 * - persistence before the store: what the last drain did is counted and what it left is told, and both are written after it;
 * - the store before the workers, who stop first: a drain at the end stores turns, it does not begin to index them;
 * - the audit log, access and erasures after these: it writes what it holds while the database is certainly there, and
 *   what access refused until it closed;
 * - tenants before tasks, which wait where theirs is suspended;
 * - tasks after all that their jobs work with;
 * - then the domains of the list, on which no other one stands;
 * - the past of all figures after whoever shows some: the last minute has what they told until then;
 * - then what goes by these figures, objectives and the operator's rules;
 * - the watch last: a stop is no danger.
 */
export async function openParts(
  ports: Ports,
  { duties, sections, promises, jobs, openDomains }: Lists,
  closing: ClosingStack,
): Promise<Services> {
  const shown = { ...ports, ...openActivity(ports, closing) };
  const counted = { ...shown, ...openAlerts(shown), ...openMetrics(shown, closing) };
  const told = { ...counted, ...openPressure(counted, closing) };
  const credentials = await openCredentials(told, closing);
  const kept = { ...told, ...(await openPersistence(told, closing)) };
  const interactions = openInteractions(kept, closing);
  ports.availability.start();
  closing.defer(() => ports.availability.stop());
  const indexes = { ...(await openVectorIndex(kept, closing)), ...openWordIndex(kept, closing) };
  const memory = { ...indexes, ...(await openMemory({ ...ports, ...indexes })) };
  const stored = { ...kept, ...credentials, ...interactions, ...memory, ...openCharacters(ports) };
  const guarded = {
    ...stored,
    ...openAudit(told, closing),
    ...openPrincipals(ports, closing),
    ...openPrivacy({ ...ports, duties, sections }, closing),
    ...openTenants({ ...ports, duties, store: interactions.store }),
  };
  const repairs = await openRepairs(guarded);
  const media = await openMedia(guarded, closing);
  const drawing = await openGenerations({ ...ports, pictures: media.pictures });
  const assembling = await openProjects({ ...ports, videos: media.videos });
  const { jobs: paying, ...payments } = await openPayments(ports);
  const own = [
    ...[...jobs, ...repairs, ...media.jobs, ...drawing, ...assembling],
    ...[...(await openBriefs(ports)), ...(await openReports(ports)), ...paying],
  ];
  const working = { ...guarded, ...payments, ...openTasks({ ...guarded, jobs: own }, closing) };
  followCharacters(working);
  watchCaches(working);
  const parts = { ...working, ...(await openDomains(working, closing)) };
  const recorded = { ...parts, ...openRecorder(parts, closing) };
  const measured = { ...recorded, ...openObjectives(recorded, closing) };
  const ruled = { ...measured, ...openAlertRules(promises, measured, closing) };
  return { ...ruled, ...openHealth(promises, ruled, closing) };
}

/** Goes on where an earlier process ended. Nobody's turns are taken up before it is known who was erased. */
export async function startParts(services: Services): Promise<void> {
  const { access, audit, availability, journals, tombstones, store } = services;
  const isErased: Parameters<typeof store.withdraw>[0] = (owner, at) => tombstones.forbids(owner, at);
  // While the database is away nobody knows: what was taken up meanwhile is looked through before it is stored.
  if (!availability.isUp)
    await availability.prepare(async () => {
      await tombstones.read();
      await store.withdraw(isErased);
    });
  audit.start();
  await access.start();
  await tombstones.start();
  await store.recover(isErased);
  journals.start(store);
  await availability.prepare(() => startCharacters(services));
}
