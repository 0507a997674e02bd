import { builder } from '../../graphql/builder.ts';
import type { PressureLevel } from '../../ground/pressure.ts';
import { HealthRef } from '../health/graphql.ts';
import { FALL_AFTER, RISE_AFTER } from './gauge.ts';
import type { PressureReading, PressureState, PressureUnit } from './pressure.ts';

const PressureLevelEnum = builder.enumType('PressureLevel', {
  description: 'How little the server has to spare.',
  values: {
    LOW: { description: 'Enough: background work goes at its full speed.' },
    ELEVATED: { description: 'Little: half of the background workers go on, and rest between pieces.' },
    HIGH: { description: 'Very little: one background worker of each kind goes on, and rests long.' },
  } satisfies Record<PressureLevel, { description: string }>,
});

const PressureUnitEnum = builder.enumType('PressureUnit', {
  description: 'In what a reading is given.',
  values: {
    MILLISECONDS: { description: 'Thousandths of a second.' },
    PERCENT: { description: 'Of a limit; what waits counts, too, so it may be more than 100.' },
    BYTES: { description: 'Bytes.' },
  } satisfies Record<PressureUnit, { description: string }>,
});

const PressureReadingRef = builder.objectRef<PressureReading>('PressureReading').implement({
  description: 'Something that can run short, and how it stands.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description:
        'event_loop (by how much the latest one in a hundred looks of the last seconds came late), heap (of JavaScript), memory (of the process, without its database), database_pool (connections at work or waited for), disk (free, at the data directory).',
    }),
    unit: t.expose('unit', { type: PressureUnitEnum, description: 'Of value and thresholds.' }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'As it was read last; null where this machine does not say, or nothing was read yet.',
    }),
    used: t.exposeFloat('used', {
      nullable: true,
      description: 'Of a percentage, how much is used: bytes, or connections; null otherwise.',
    }),
    limit: t.exposeFloat('limit', {
      nullable: true,
      description:
        'Of a percentage, how much there is: bytes, or connections; null otherwise. Memory: what the container (cgroup) allows, else all of the machine.',
    }),
    level: t.expose('level', {
      type: PressureLevelEnum,
      description: `What it means. It rises after ${RISE_AFTER} readings in a row beyond a threshold, and falls by one after ${FALL_AFTER} that are better by a tenth.`,
    }),
    elevated: t.float({
      description: 'From this value on it is ELEVATED.',
      resolve: ({ thresholds }) => thresholds.elevated,
    }),
    high: t.float({
      description: 'From this value on it is HIGH.',
      resolve: ({ thresholds }) => thresholds.high,
    }),
  }),
});

const PressureRef = builder.objectRef<PressureState>('Pressure').implement({
  description:
    'How little the server that answers has to spare. Under pressure background work (indexing, vectors) slows down; requests do not.',
  fields: (t) => ({
    level: t.expose('level', { type: PressureLevelEnum, description: 'As bad as the worst reading.' }),
    since: t.expose('since', { type: 'DateTime', description: 'Since when.' }),
    pauseMs: t.exposeInt('pauseMs', {
      description: 'Milliseconds that background work rests between two pieces.',
    }),
    readAt: t.expose('readAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was read last; null before the first reading.',
    }),
    readings: t.field({
      type: [PressureReadingRef],
      nullable: true,
      description: 'What can run short. Null for callers without the permission METRICS.',
      resolve: ({ readings }, _args, { principal }) =>
        principal.permissions.includes('METRICS') ? [...readings] : null,
    }),
  }),
});

builder.objectField(HealthRef, 'pressure', (t) =>
  t.field({
    type: PressureRef,
    description: 'How little it has to spare, and whether background work is slowed for it.',
    resolve: (_health, _args, { services }) => services.pressure.state,
  }),
);
