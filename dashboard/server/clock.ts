/** What is less is how long an answer was under way: the server names whole seconds. */
const NOTICED_MS = 2_000;
let ahead = 0;

/** Takes an answer's word for what time it is. */
export function hearTime(response: Response): void {
  const said = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(said)) return;
  const difference = said - Date.now();
  ahead = Math.abs(difference) < NOTICED_MS ? 0 : difference;
}

/** What time it is on the server, as near as is known: the clock of whoever looks may be wrong, or be set meanwhile. */
export function serverNow(): number {
  return Date.now() + ahead;
}
