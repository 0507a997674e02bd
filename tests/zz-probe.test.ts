import { test } from 'vitest';
import { startTestApp } from './support/harness.ts';

test('probe', async () => {
  const app = await startTestApp({ seed: true });
  for (const accept of [
    'application/graphql-response+json, text/event-stream',
    'application/graphql-response+json',
  ])
    for (const query of [
      '{me{userId}}',
      '{',
      '{nope}',
      'query($n:Int){interactions(first:$n){nodes{id}}}',
      'query A{me{userId}} query B{me{userId}}',
      '',
    ]) {
      const r = await fetch(
        app.url +
          '/graphql?query=' +
          encodeURIComponent(query) +
          '&variables=' +
          encodeURIComponent('{"n":"x"}'),
        { headers: { accept } },
      );
      console.log(accept, query, r.status, r.headers.get('content-type'), await r.text());
    }
  await app.close();
});
