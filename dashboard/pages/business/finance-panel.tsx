import { useMemo } from 'preact/hooks';
import { Finance, type FinanceData, Forecast, type ForecastData } from '../../operations.ts';
import { useAnswer } from '../../server/answers.ts';
import { sentence } from '../../server/problem.ts';
import { Empty, Hollow, Panel, Problem } from '../../view/parts.tsx';
import { Plot } from '../../view/plot.tsx';
import { Table } from '../../view/table.tsx';
import { amountOf, count, counted, decimal, dollars, percent } from '../../view/words.ts';

type Day = FinanceData['financeDays'][number];
type Expected = Extract<ForecastData['financeForecast'], { readonly __typename: 'FinanceForecast' }>;

const DAYS = 30;
const AHEAD_DAYS = 14;
const LEVEL = 0.8;
const DAY_SECONDS = 86_400;

/** What models cost and what was booked, by day, and what is to come of the first. */
export function FinancePanel() {
  const { data, problem, again } = useAnswer(Finance, { days: DAYS });
  return (
    <div class="stack">
      <Panel title="Costs and revenue" note={`The last ${DAYS} days, by UTC`}>
        <Problem problem={problem} again={again} />
        {!data && !problem && <Hollow rows={3} height={90} />}
        {data && <Days days={data.financeDays} />}
      </Panel>
      <ForecastPanel />
    </div>
  );
}

function Days({ days }: { days: readonly Day[] }) {
  const line = useMemo(
    () => ({
      times: days.map(({ day }) => Date.parse(day) / 1_000),
      values: days.map(({ modelCost }) => modelCost),
    }),
    [days],
  );
  const unknown = days.reduce((sum, { unknownCosts }) => sum + unknownCosts, 0);
  return (
    <>
      <div class="charts">
        <Plot
          title="Cost of models"
          format={dollars}
          windowSeconds={DAYS * DAY_SECONDS}
          together="finance"
          {...line}
        />
      </div>
      {unknown > 0 && (
        <p class="under">
          Of {count(unknown)} calls the cost is not known: <code>LLM_PRICES</code> has no price, or the
          model’s server counts no tokens.
        </p>
      )}
      <Revenue days={days} />
    </>
  );
}

/** Sums by currency: they are not added to each other. */
function Revenue({ days }: { days: readonly Day[] }) {
  const sums = new Map<string, { gross: number; back: number; fees: number; net: number }>();
  for (const { currency, gross, refunded, disputed, fees, net } of days.flatMap(({ revenue }) => revenue)) {
    const sum = sums.get(currency) ?? { gross: 0, back: 0, fees: 0, net: 0 };
    sums.set(currency, {
      gross: sum.gross + gross,
      // Refunds, and what banks took back.
      back: sum.back + refunded + disputed,
      fees: sum.fees + fees,
      net: sum.net + net,
    });
  }
  if (sums.size === 0)
    return <Empty title="Nothing was booked.">Payments come from Stripe, once it is set up.</Empty>;
  return (
    <Table headings={['Currency', ...['Paid', 'Went back', 'Fees', 'Left'].map((figures) => ({ figures }))]}>
      {[...sums].map(([currency, { gross, back, fees, net }]) => (
        <tr key={currency}>
          <td data-label="">
            <strong>{currency}</strong>
          </td>
          {Object.entries({ Paid: gross, 'Went back': back, Fees: fees, Left: net }).map(([name, value]) => (
            <td key={name} class="number" data-label={name}>
              {amountOf(value, currency)}
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}

function ForecastPanel() {
  const { data, problem, again } = useAnswer(Forecast, { days: AHEAD_DAYS, level: LEVEL });
  const forecast = data?.financeForecast;
  return (
    <Panel title="What models will cost" note={`Within the bounds on ${percent(LEVEL)} of days`}>
      <Problem problem={problem} again={again} />
      {!forecast && !problem && <Hollow rows={4} />}
      {forecast?.__typename === 'FinanceForecast' && <Ahead forecast={forecast} />}
      {forecast && 'message' in forecast && (
        <Empty title="It cannot be said yet.">{sentence(forecast.message.replace(/^days: /, ''))}</Empty>
      )}
    </Panel>
  );
}

function Ahead({ forecast: { days, backtest } }: { forecast: Expected }) {
  const { scaledError, coverage, origins } = backtest;
  return (
    <>
      <p class="under">
        Forecast anew from {counted(origins, 'day')} of the past, {percent(coverage)} of what came lay within
        the bounds
        {scaledError !== null &&
          `, and it was ${decimal(scaledError * 100)} % as wrong as saying “as a week before”`}
        .{scaledError !== null && scaledError >= 1 && ' Do not rely on it.'}
      </p>
      <Table headings={['Day (UTC)', ...['Expected', 'At least', 'At most'].map((figures) => ({ figures }))]}>
        {days.map(({ day, mean, lower, upper }) => (
          <tr key={day}>
            <td data-label="">{day}</td>
            <td class="number" data-label="Expected">
              {dollars(mean)}
            </td>
            <td class="number" data-label="At least">
              {dollars(lower)}
            </td>
            <td class="number" data-label="At most">
              {dollars(upper)}
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
