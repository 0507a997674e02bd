import { BrokenElement, readElements } from './elements.ts';
import { toTurnRecords } from './exchanges.ts';
import { countLeftOut, type Position } from './files.ts';
import { textOfHtml } from './html.ts';
import { createIdMaker } from './keys.ts';
import { type Message, objectsIn, readTime, textIn, textOf } from './messages.ts';
import { bad, badElement, type ImportRecord, isObject } from './records.ts';

/** Activities of one day that are held to be put in order. */
const MAX_HELD = 10_000;

type Activity = { line: number; time: number; query: string; others: string[]; answer: string };

/**
 * Reads `MyActivity.json` of Google Takeout for Gemini: a list of activities, the newest first, each a prompt with its
 * answer as HTML. The export knows no conversations: the prompts of a day (in UTC) become one, in the order of their
 * times. Activities that are no prompts, and those of other products, are left out. `line` counts activities.
 *
 * @throws ImportFileError where the JSON breaks off before its first activity
 */
export async function* readGemini(file: string, position: Position): AsyncGenerator<ImportRecord> {
  let line = 0;
  let held: Activity[] = [];
  const toRecords = createConverter(position);
  for await (const element of readElements(file, position, null)) {
    const wrong: string[] = [];
    const read = toActivity(++line, element, wrong);
    countLeftOut(position, wrong);
    if (typeof read === 'string') countLeftOut(position, [read]);
    else if ('kind' in read) yield read;
    else {
      const [first] = held;
      if (first && (dayOf(first) !== dayOf(read) || held.length >= MAX_HELD)) {
        yield* toRecords(held);
        held = [];
      }
      held.push(read);
    }
  }
  yield* toRecords(held);
}

function dayOf({ time }: Activity): string {
  return new Date(time).toISOString().slice(0, 10);
}

function createConverter(position: Position) {
  const idFor = createIdMaker();
  return function* toRecords(held: readonly Activity[]): Generator<ImportRecord> {
    for (const activity of held.toReversed().sort((a, b) => a.time - b.time)) {
      const { line, time, query, others, answer } = activity;
      const common = { time, model: null, isNamed: true };
      const messages: Message[] = [
        { ...common, id: idFor(['user', time, query]), role: 'user', text: query, others },
        ...(answer === ''
          ? []
          : [
              {
                ...{ ...common, id: idFor(['assistant', time, answer]), text: answer, others: [] },
                role: 'assistant' as const,
              },
            ]),
      ];
      yield* toTurnRecords(
        line,
        {
          ...{ source: 'gemini', id: `gemini-${dayOf(activity)}`, messages, since: time },
          hasMadeIds: true,
          names: { query: 'title', response: 'safeHtmlItem' },
        },
        position,
      );
    }
  };
}

/** What the service puts before a prompt; in other languages it stays, as nobody knows where it ends. */
const PROMPT = /^(?:Prompted|Asked|Said|Branched|Answered)(?::\s*|\s+|$)/;
const NO_PROMPT =
  /^(?:Created|Added|Used|Gave|Selected|Viewed|Visited|Opened|Turned|Shared|Deleted|Updated)\s/;

/** A prompt; or why it is left out. */
function toActivity(
  line: number,
  element: unknown,
  wrong: string[],
): Activity | string | ReturnType<typeof bad> {
  if (element instanceof BrokenElement) return badElement(line, element);
  if (!isObject(element)) return bad(line, null, 'must be an object');
  const products = [element.header, element.products].flat().join(' ');
  if (!/Gemini|Bard/.test(products)) return 'activities of other products';
  const answer = objectsIn(element.safeHtmlItem, wrong)
    .flatMap((item) => textIn(item.html, wrong) ?? [])
    .map(textOfHtml)
    .filter((text) => text !== '')
    .join('\n\n');
  const title = textIn(element.title, wrong) ?? '';
  if (NO_PROMPT.test(title) || (answer === '' && !PROMPT.test(title)))
    return 'activities that are no prompts';
  const query = title.replace(PROMPT, '').trim();
  const others = [element.imageFile, element.attachedFiles]
    .flat()
    .flatMap((each) => textOf(isObject(each) ? (each.name ?? each.fileName) : each) ?? []);
  if (query === '' && others.length === 0)
    return answer === '' ? 'activities that are no prompts' : 'prompts without a text';
  const time = readTime(element.time);
  if (time === null) return bad(line, 'time', 'must be an instant in ISO 8601');
  return { line, time, query, others, answer };
}
