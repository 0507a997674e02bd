import { Empty, Hollow, Panel } from '../../view/parts.tsx';
import { Table } from '../../view/table.tsx';
import { count, counted, dollars, millis } from '../../view/words.ts';
import type { TurnLine } from './turns-panel.tsx';

/** Which models answered the latest turns, how fast, and what it took. */
export function ModelsPanel({ turns }: { turns: readonly TurnLine[] | null }) {
  const rows = turns ? byModel(turns) : null;
  return (
    <Panel title="Model use" note={turns ? `The latest ${counted(turns.length, 'turn')}` : ''}>
      {rows === null && <Hollow rows={3} />}
      {rows?.length === 0 && (
        <Empty title="No model was used yet.">
          Each answered turn is counted here by the model that answered it.
        </Empty>
      )}
      {rows && rows.length > 0 && (
        <Table
          headings={[
            'Model',
            ...['Turns', 'Median', '95th', 'Tokens', 'Cost'].map((figures) => ({ figures })),
          ]}
        >
          {rows.map((row) => (
            <tr key={row.model}>
              <td data-label="">
                <strong>{row.model}</strong>
              </td>
              <Cell label="Turns">{count(row.turns)}</Cell>
              <Cell label="Median">{row.median === null ? '–' : millis(row.median)}</Cell>
              <Cell label="95th">{row.slow === null ? '–' : millis(row.slow)}</Cell>
              <Cell label="Tokens">{row.tokens === null ? '–' : count(row.tokens)}</Cell>
              <Cell label="Cost">{row.cost === null ? '–' : dollars(row.cost)}</Cell>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

function Cell({ label, children }: { label: string; children: string }) {
  return (
    <td class="number" data-label={label}>
      {children}
    </td>
  );
}

function byModel(turns: readonly TurnLine[]) {
  const groups = Map.groupBy(turns, ({ modelUsed }) => modelUsed);
  return [...groups]
    .map(([model, own]) => {
      // Recorded turns were answered elsewhere, and bring no time.
      const times = own.map(({ processingTimeMs }) => processingTimeMs).filter((ms) => ms > 0);
      return {
        model,
        turns: own.length,
        median: quantile(times, 0.5),
        slow: quantile(times, 0.95),
        tokens: sum(
          own.map(({ tokensIn, tokensOut }) => (tokensIn === null ? null : tokensIn + (tokensOut ?? 0))),
        ),
        cost: sum(own.map(({ cost }) => cost)),
      };
    })
    .sort((one, other) => other.turns - one.turns);
}

/** The value that a share of all does not exceed (nearest rank). */
function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Of those that say it; null where none does. */
function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}
