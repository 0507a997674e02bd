const WIDTH = 120;
const HEAD = `# Settings of Echo Brain, each with its default or an example of its form; made from docs/configuration.md by npm run settings.
# Copy to .env and take away the # of what you set. Secrets may come from Vault, too.`;

/** A row of the table of settings. */
export interface DocumentedSetting {
  readonly name: string;
  /** As a value that may be written, where the table has one. */
  readonly default: string | null;
  readonly meaning: string;
}

/** Reads the table of settings. @param page docs/configuration.md */
export function documentedSettings(page: string): DocumentedSetting[] {
  const rows = page.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \| (.*?) \| (.*) \|$/gm);
  return [...rows].map(([, name = '', given = '', meaning = '']) => ({
    name,
    // One that speaks of another setting is no value.
    default: /^`((?!.*[A-Z]_[A-Z])[^`]*)`$/.exec(given)?.[1] ?? null,
    meaning: plain(/^`(?!.*[A-Z]_[A-Z])/.test(given) ? meaning : `${meaning} (default: ${given})`),
  }));
}

/** @returns the text of `.env.example` */
export function envExample(settings: readonly DocumentedSetting[]): string {
  const parts = settings.map(({ name, default: value, meaning }) =>
    [...wrapped(meaning), `#${name}=${quoted(value ?? '')}`].join('\n'),
  );
  return `${[HEAD, ...parts].join('\n\n')}\n`;
}

/** Without links and code marks. */
const plain = (text: string) =>
  text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '')
    .replaceAll('\\|', '|');

const quoted = (value: string) => (/[\s#'"]/.test(value) ? JSON.stringify(value) : value);

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 3 > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`);
}
