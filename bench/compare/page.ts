import { type Figure, median, ratioOf, short, spreadOf } from './figures.ts';

export interface Result {
  readonly date: string;
  readonly command: string;
  readonly node: string;
  readonly machine: { readonly cores: object | null; readonly model: string; readonly count: number };
  readonly peers: Readonly<Record<string, string>>;
  readonly figures: readonly Figure[];
}

const WIDTH = 620;
const ROW = 26;
const LABEL = 130;

/** One page with everything in it: a bar for each candidate's median, a dot for each round. */
export function pageOf(result: Result): string {
  const peers = Object.entries(result.peers).map(([name, version]) => `${name} ${version}`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Echo Brain side by side</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
  h2 { font-size: 1rem; margin: 2rem 0 .3rem }
  svg { width: 100%; height: auto }
  text { font: 13px system-ui, sans-serif; fill: currentColor }
  .bar { fill: #8aa4c8 } .own { fill: #2f6fbf } .round { fill: currentColor; opacity: .55 }
  p { margin: .2rem 0 }
</style>
<h1>Echo Brain side by side</h1>
<p>${escaped(result.date)}, <code>${escaped(result.command)}</code>, Node ${escaped(result.node)}, ${result.machine.count} cores (${escaped(result.machine.model)}),
${result.machine.cores ? 'servers on a core of their own' : 'nothing pinned to a core'}. Peers: ${escaped(peers.join(', '))}.</p>
<p>A bar is the median of the rounds, each dot a round; × says how many times as good Echo Brain is.</p>
${result.figures.map(plot).join('\n')}
</html>
`;
}

function plot(figure: Figure): string {
  const [own] = figure.series;
  const values = figure.series.flatMap((series) => series.values);
  const scale = (WIDTH - LABEL - 190) / Math.max(...values, Number.MIN_VALUE);
  const rows = figure.series.map((series, index) => {
    const y = index * ROW;
    const middle = median(series.values);
    const ratio = own && series !== own ? ` · ${ratioOf(figure, own, series).toFixed(2)} ×` : '';
    const spread = series.values.length > 1 ? ` ± ${Math.round((spreadOf(series.values) / 2) * 100)} %` : '';
    const end = LABEL + Math.max(...series.values) * scale + 8;
    return `<text x="0" y="${y + 17}">${escaped(series.candidate)}</text>
<rect class="${series === own ? 'own' : 'bar'}" x="${LABEL}" y="${y + 4}" width="${(middle * scale).toFixed(1)}" height="${ROW - 9}"/>
${series.values.map((value) => `<circle class="round" cx="${(LABEL + value * scale).toFixed(1)}" cy="${y + 12}" r="2"/>`).join('')}
<text x="${end.toFixed(1)}" y="${y + 17}">${escaped(`${short(middle)} ${figure.unit}${spread}${ratio}`)}</text>`;
  });
  const title = `(${figure.letter}) ${figure.title}`;
  return `<h2>${escaped(title)}</h2>
<svg viewBox="0 0 ${WIDTH} ${figure.series.length * ROW + 4}" role="img" aria-label="${escaped(title)}">${rows.join('\n')}</svg>
<p>${figure.more ? 'More is better.' : 'Less is better.'}${(figure.notes ?? []).map((note) => ` ${escaped(note)}`).join('')}</p>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
