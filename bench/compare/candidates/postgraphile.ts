import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { peer } from './peer.ts';

/** PostGraphile with its own preset, and every column open to conditions and orders, on the tables of the server. */
const { postgraphile } = peer<{
  postgraphile: (preset: object) => {
    createServ(grafserv: unknown): { addTo(server: Server): Promise<void> };
  };
}>('postgraphile');
const { PostGraphileAmberPreset } = peer<{ PostGraphileAmberPreset: object }>('postgraphile/presets/amber');
const { makePgService } = peer<{ makePgService: (options: object) => object }>('postgraphile/adaptors/pg');
const { grafserv } = peer<{ grafserv: unknown }>('postgraphile/grafserv/node');

const service = postgraphile({
  extends: [PostGraphileAmberPreset],
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ['public'],
      poolConfig: { max: 12 },
    }),
  ],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
}).createServ(grafserv);
const server = createServer();
await service.addTo(server);
server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })),
);
