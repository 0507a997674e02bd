import type { UserConfig } from 'vite';

const SERVER = 'http://127.0.0.1:4000';

/** How the dashboard is built; `npx vite dashboard` shows it while it is changed, with a server that runs on this machine. */
export default {
  base: '/dashboard/',
  // Not as NODE_ENV says: what tests build and measure is what users get.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // What it would add is a script within the page for browsers that are older than the target.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What pages share in one file: many small ones compress worse, and each is a request of its own.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'parts', test: /dashboard[\\/](view|server)[\\/](?!plot)/, minShareCount: 2 }],
        },
      },
    },
  },
  server: {
    proxy: {
      '/graphql': { target: SERVER, ws: true, changeOrigin: true, headers: { origin: SERVER } },
      '/media': { target: SERVER, changeOrigin: true },
    },
  },
} satisfies UserConfig;
