import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { readDocument } from './document.ts';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 0.9rem/1.5 ui-monospace, monospace; }
pre { overflow: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 4px; }
summary { cursor: pointer; padding: 0.25rem 0; }
table { border-collapse: collapse; } td, th { text-align: left; padding: 0.15rem 1rem 0.15rem 0; vertical-align: top; }
`;

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly required?: boolean;
    readonly description?: string;
  }[];
  readonly requestBody?: { readonly content: Contents };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Contents }>>;
}
type Contents = Readonly<Record<string, { readonly schema?: unknown }>>;

let page: { html: string; policy: string } | null = null;

/** The document for people: one page that runs no script and loads nothing. */
export function sendPage(response: ServerResponse): void {
  page ??= render();
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(page.html),
    'content-security-policy': page.policy,
  });
  response.end(page.html);
}

function render() {
  const { info, tags = [], paths = {}, components } = readDocument();
  const operations = Object.entries(paths).flatMap(([address, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      ...{ address, method: method.toUpperCase(), operation },
    })),
  );
  const groups = tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags?.includes(name));
    return `<h2>${escaped(name)}</h2>${own.map(sectionOf).join('')}`;
  });
  const schemas = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) => `<h3 id="${escaped(name)}">${escaped(name)}</h3>${asJson(schema)}`,
  );
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(info.title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(info.title)}</h1><p>${escaped(info.description ?? '')}</p>
<p>For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
${groups.join('')}<h2>Schemas</h2>${schemas.join('')}</body></html>`;
  const hash = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { html, policy };
}

function sectionOf({
  address,
  method,
  operation,
}: {
  address: string;
  method: string;
  operation: Operation;
}) {
  const { parameters = [], requestBody, responses, summary = '' } = operation;
  const rows = parameters.map(
    ({ name, required, description = '', ...parameter }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${parameter.in}${required ? ', required' : ''}</td><td>${escaped(description)}</td></tr>`,
  );
  const failures = Object.entries(responses)
    .filter(([status]) => status !== '200')
    .map(([status, { description }]) => `<tr><td>${status}</td><td>${escaped(description)}</td></tr>`);
  return `<details><summary><code>${method} ${escaped(address)}</code> ${escaped(summary)}</summary>
${rows.length > 0 ? `<table>${rows.join('')}</table>` : ''}
${requestBody ? `<h4>Body</h4>${contentsOf(requestBody.content)}` : ''}
<h4>Answer</h4>${contentsOf(responses['200']?.content ?? {})}
<table>${failures.join('')}</table></details>`;
}

function contentsOf(contents: Contents): string {
  return Object.entries(contents)
    .map(([type, { schema }]) => `<p>${escaped(type)}</p>${asJson(schema)}`)
    .join('');
}

/** Names of schemas lead to them. */
function asJson(schema: unknown): string {
  const text = escaped(JSON.stringify(schema, null, 2));
  return `<pre>${text.replaceAll(/#\/components\/schemas\/(\w+)/g, '<a href="#$1">$1</a>')}</pre>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
