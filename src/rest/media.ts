import { z } from 'zod';
import { statsOfMedia } from '../domains/media-insights/media.ts';
import { ownerFor } from '../ground/ownership.ts';
import { now, ofUser, second } from './formats.ts';
import { defineRow, READING, type Row } from './row.ts';

export const mediaRows: readonly Row[] = [
  defineRow({
    method: 'GET',
    at: ['/api/echo/media/insights'],
    group: 'Memory',
    summary: 'How many images and videos of a user are known, and of how many something was learned',
    toll: READING,
    query: ofUser,
    gives: z
      .object({
        total_insights: z.int(),
        echo_learned: z.int(),
        recent_insights: z.int().describe('Of the last 24 hours.'),
        timestamp: second,
      })
      .meta({ id: 'MediaInsights', description: 'Figures of media.' }),
    run: async ({ services, principal, query }) => {
      const stats = await statsOfMedia(services, ownerFor(principal, query.user_id));
      return {
        total_insights: stats.total,
        echo_learned: stats.learned,
        recent_insights: stats.last24Hours,
        timestamp: now(),
      };
    },
  }),
];
