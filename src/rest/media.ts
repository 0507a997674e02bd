import { statsOfMedia } from '../domains/media-insights/media.ts';
import { ownerFor } from '../ground/ownership.ts';
import type { RestRequest } from './request.ts';

/** GET /api/echo/media/insights: how many insights a user has, and of how many something was learned. */
export async function getMediaInsights({ services, principal, search }: RestRequest) {
  const stats = await statsOfMedia(services, ownerFor(principal, search.get('user_id')));
  return {
    total_insights: stats.total,
    echo_learned: stats.learned,
    recent_insights: stats.last24Hours,
    timestamp: new Date().toISOString(),
  };
}
