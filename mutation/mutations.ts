import { ALERTS } from './alerts.ts';
import { BUSINESS } from './business.ts';
import { BY_ITSELF } from './by-itself.ts';
import { COMPLIANCE } from './compliance.ts';
import { DOORS } from './doors.ts';
import { DURABILITY } from './durability.ts';
import { HEALTH } from './health.ts';
import { LEARNING } from './learning.ts';
import { LIMITS } from './limits.ts';
import { MEDIA } from './media.ts';
import { MIRROR } from './mirror.ts';
import type { Mutation } from './mutation.ts';
import { OWNERS } from './owners.ts';
import { PARTNERS } from './partners.ts';
import { PICTURES } from './pictures.ts';
import { REFUSALS } from './refusals.ts';
import { REPAIRS } from './repairs.ts';
import { TASKS } from './tasks.ts';
import { TENANTS } from './tenants.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...OWNERS,
  ...DURABILITY,
  ...LIMITS,
  ...HEALTH,
  ...REFUSALS,
  ...TASKS,
  ...REPAIRS,
  ...LEARNING,
  ...MEDIA,
  ...DOORS,
  ...BY_ITSELF,
  ...ALERTS,
  ...BUSINESS,
  ...TENANTS,
  ...PARTNERS,
  ...MIRROR,
  ...COMPLIANCE,
  ...PICTURES,
];
