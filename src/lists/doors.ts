import { stripeRoute } from '../callbacks/stripe.ts';
import { DASHBOARD_PATH, dashboardRoute } from '../dashboard/door.ts';
import { type CardServices, cardRoute } from '../downloads/cards.ts';
import { type ThumbnailServices, thumbnailRoute } from '../downloads/thumbnails.ts';
import { graphqlRoute } from '../graphql/door.ts';
import type { Yoga } from '../graphql/yoga.ts';
import { entrance } from '../http/entrance.ts';
import type { Hall } from '../http/hall.ts';
import { probes } from '../http/probes.ts';
import type { Route } from '../http/server.ts';
import { mcpRoutes, toolsBeside } from '../mcp/door.ts';
import type { McpOAuth } from '../mcp/oauth.ts';
import type { McpServices } from '../mcp/tool.ts';
import type { OpenAiServices } from '../openai/request.ts';
import { openAiRoutes } from '../openai/routes.ts';
import type { RestServices } from '../rest/request.ts';
import { restRoutes } from '../rest/routes.ts';

/** Every way in over HTTP. @param given.ready whether requests would be answered now */
export function doors({ services, hall, yoga, ready }: DoorParts): Route[] {
  const { graphiql } = services.config;
  return [
    graphqlRoute({ yoga, hall, graphiql }),
    entrance(DASHBOARD_PATH),
    dashboardRoute({ log: services.log }),
    ...restRoutes({ services, hall, toolsFor: toolsBeside({ services, hall }), isShown: graphiql }),
    thumbnailRoute({ services, hall }),
    cardRoute({ services, hall }),
    // Whoever takes no payments hears nothing of them.
    ...(services.stripe ? [stripeRoute({ services, hall })] : []),
    ...mcpRoutes({ services, hall, oauth: services.config.mcpOAuth }),
    ...openAiRoutes({ services, hall }),
    ...probes({ hall, ready, metrics: () => services.metrics.text() }),
  ];
}

interface DoorParts {
  readonly services: RestServices &
    ThumbnailServices &
    CardServices &
    OpenAiServices &
    McpServices &
    Parameters<typeof stripeRoute>[0]['services'] & {
      readonly config: { readonly graphiql: boolean; readonly mcpOAuth: McpOAuth | null };
      readonly metrics: { text(): Promise<string> };
    };
  readonly hall: Hall;
  readonly yoga: Yoga;
  readonly ready: () => Promise<boolean>;
}
