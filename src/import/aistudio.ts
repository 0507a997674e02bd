import { BrokenElement } from './elements.ts';
import { toTurnRecords } from './exchanges.ts';
import { countLeftOut, type Position } from './files.ts';
import { createIdMaker } from './keys.ts';
import { readMembers } from './members.ts';
import { type Message, objectsIn, readTime, textIn, textOf } from './messages.ts';
import { bad, badElement, type ImportRecord, isObject } from './records.ts';

/**
 * Reads a chat of Google AI Studio, as it lies in Drive: `{ runSettings, chunkedPrompt: { chunks: [{ role, text }] } }`. It
 * has neither a name nor, in older files, times: what was said first, and the answer to it, tell it. `line` counts chats.
 *
 * @throws ImportFileError where the JSON breaks off before its first chat
 */
export async function* readAiStudio(file: string, position: Position): AsyncGenerator<ImportRecord> {
  const idFor = createIdMaker();
  for await (const { line, value } of readMembers(file, position, 'chunkedPrompt'))
    yield* toRecords(line, value, idFor, position);
}

type IdMaker = ReturnType<typeof createIdMaker>;

function* toRecords(
  line: number,
  chat: unknown,
  idFor: IdMaker,
  position: Position,
): Generator<ImportRecord> {
  if (chat instanceof BrokenElement) return yield badElement(line, chat);
  const prompt = isObject(chat) ? chat.chunkedPrompt : null;
  if (!isObject(chat) || !isObject(prompt)) return yield bad(line, 'chunkedPrompt', 'must be an object');
  if (!Array.isArray(prompt.chunks ?? [])) return yield bad(line, 'chunkedPrompt.chunks', 'must be an array');
  const leftOut = besideOf(chat, prompt);
  const said = saidIn(objectsIn(prompt.chunks, leftOut), leftOut);
  countLeftOut(position, leftOut);
  if (said.length === 0) return;
  const id = `aistudio-${idFor(['chat', ...said.slice(0, 2).map(({ role, text, time }) => [role, text, time])])}`;
  const settings = isObject(chat.runSettings) ? chat.runSettings : {};
  yield* toTurnRecords(
    line,
    {
      ...{ source: 'aistudio', id, title: titleOf(chat), since: SINCE, hasMadeIds: true },
      messages: said.map((each) => ({ ...each, id: idFor([id, each.role, each.text, each.time]) })),
      model: textOf(settings.model)?.replace(/^models\//, '') ?? null,
      names: { query: 'text', response: 'text of the answers' },
    },
    position,
  );
}

/** Of a message without any time in its chat: the service is no older. */
const SINCE = Date.UTC(2023, 4, 10);

/** Only copies of other programs have one. */
function titleOf({ title }: Record<string, unknown>): string | null {
  return textOf(title);
}

/** What the chat holds and nobody said in it. */
function besideOf(chat: Record<string, unknown>, prompt: Record<string, unknown>): string[] {
  const leftOut: string[] = [];
  const { systemInstruction: system } = chat;
  const instruction = isObject(system) ? textsOf(system, leftOut) : [textIn(system, leftOut) ?? ''];
  if (instruction.some((text) => text.trim() !== '')) leftOut.push('messages of the system');
  for (const input of objectsIn(prompt.pendingInputs, leftOut))
    if (textsOf(input, leftOut).some((text) => text.trim() !== '')) leftOut.push('drafts');
  return leftOut;
}

type Said = Omit<Message, 'id'>;

/** What was said, each with the files that were given before it, which stand in chunks of their own. */
function saidIn(chunks: readonly Record<string, unknown>[], leftOut: string[]): Said[] {
  const said: Said[] = [];
  let given: Said | null = null;
  for (const chunk of chunks) {
    const message = toSaid(chunk, leftOut);
    if (message === null) continue;
    if (given !== null && message.role === 'user') message.others = [...given.others, ...message.others];
    else if (given !== null) said.push(given);
    given = message.role === 'user' && message.text === '' ? message : null;
    if (given === null) said.push(message);
  }
  return given === null ? said : [...said, given];
}

/** By what a chunk holds that is no text. */
const OTHERS = ['driveDocument', 'driveImage', 'driveVideo', 'driveAudio', 'youtubeVideo'].concat([
  'inlineFile',
  'inlineImage',
  'inlineAudio',
  'inlineData',
  'executableCode',
  'codeExecutionResult',
]);

function toSaid(chunk: Record<string, unknown>, leftOut: string[]): Said | null {
  if (chunk.isThought === true || chunk.thought === true) {
    leftOut.push('thoughts');
    return null;
  }
  const text = textsOf(chunk, leftOut).join('');
  const others = OTHERS.filter((kind) => chunk[kind] !== undefined && chunk[kind] !== null);
  const isSaid = text.trim() !== '' || others.length > 0;
  if (!isSaid && textOf(chunk.errorMessage) !== null) leftOut.push('errors');
  if (!isSaid) return null;
  if (chunk.role !== 'user' && chunk.role !== 'model') {
    leftOut.push('messages of the system');
    return null;
  }
  const role = chunk.role === 'user' ? 'user' : 'assistant';
  return { role, text, others, time: readTime(chunk.createTime), model: null, isNamed: true };
}

/** Newer files have a text in parts, too, beside the whole of it. */
function textsOf({ text, parts }: Record<string, unknown>, leftOut: string[]): string[] {
  const whole = textIn(text, leftOut);
  if (whole !== null) return [whole];
  return objectsIn(parts, leftOut).flatMap((part) =>
    part.thought === true ? [] : (textIn(part.text, leftOut) ?? []),
  );
}
