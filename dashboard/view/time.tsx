import { signal } from '@preact/signals';
import { serverNow } from '../server/clock.ts';
import { moment, shortMoment, span } from './words.ts';

/** The clock of everything that says how long ago something was. */
export const clock = signal(serverNow());
setInterval(() => {
  if (!document.hidden) clock.value = serverNow();
}, 1_000);

/** When: short, with the whole of it on hover. */
export function Moment({ at }: { at: string | null | undefined }) {
  if (!at) return <span class="soft">–</span>;
  return (
    <time dateTime={at} title={moment(at)}>
      {shortMoment(at)}
    </time>
  );
}

/** The clock goes by seconds, and knows the server's time about: what lies so far ahead has just been. */
const JUST_S = 2;

/** How long ago, or in how long. */
export function Ago({ at }: { at: string }) {
  const seconds = Math.round((clock.value - new Date(at).getTime()) / 1_000);
  const words = seconds > -JUST_S ? `${span(Math.max(1, seconds))} ago` : `in ${span(-seconds)}`;
  return (
    <time dateTime={at} title={moment(at)}>
      {words}
    </time>
  );
}
