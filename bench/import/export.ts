import { open } from 'node:fs/promises';
import { createCorpus, seededRandom } from '../memory/corpus.ts';

export interface ExportOptions {
  readonly megabytes: number;
  readonly seed: number;
}

/** What a made export holds. */
export interface Holdings {
  bytes: number;
  conversations: number;
  /** Turns that an import has to store. */
  turns: number;
  /** What an import has to leave out, in the words of its report. */
  leftOut: Record<
    'messages of the system' | 'calls of tools' | 'messages of tools' | 'messages of other branches',
    number
  >;
}

/** Mean words of what people, assistants and tools write. */
const WORDS = { user: 25, assistant: 280, tool: 900 };
/** Texts of tools are drawn from so many: they are left out, and need not differ. */
const TOOL_TEXTS = 50;
const TURNS_OF_CONVERSATION = 40;
const SHARE_WITH_TOOLS = 0.3;
const SHARE_WITH_BRANCH = 0.1;
/** The first conversation began then; seconds since 1970. */
const SINCE = 1_700_000_000;

/**
 * Writes an export of ChatGPT of made-up words: conversations of 1 to 80 turns, with system messages, calls of tools, what
 * they gave, and answers that were made again. The same options write the same bytes.
 */
export async function writeExport(file: string, { megabytes, seed }: ExportOptions): Promise<Holdings> {
  const holdings: Holdings = {
    ...{ bytes: 0, conversations: 0, turns: 0 },
    leftOut: {
      ...{ 'messages of the system': 0, 'calls of tools': 0 },
      ...{ 'messages of tools': 0, 'messages of other branches': 0 },
    },
  };
  const writer = createWriter(seed, holdings);
  const handle = await open(file, 'w');
  const write = async (text: string) => {
    holdings.bytes += (await handle.write(text)).bytesWritten;
  };
  try {
    for (let separator = '['; holdings.bytes < megabytes * 1e6; separator = ',\n')
      await write(`${separator}${JSON.stringify(writer.conversation())}`);
    await write(']\n');
  } finally {
    await handle.close();
  }
  return holdings;
}

type Node = { id: string; parent: string | null; children: string[]; message: object | null };

function createWriter(seed: number, holdings: Holdings) {
  const random = seededRandom(seed);
  const { text } = createCorpus(seed);
  const toolTexts = Array.from({ length: TOOL_TEXTS }, () => text(WORDS.tool));
  const uuid = () => {
    const digits = Array.from({ length: 4 }, () =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
  };
  let time = SINCE;
  const later = () => {
    time += 1 + random() * 60;
    return time;
  };
  const conversation = () => {
    const mapping: Record<string, Node> = {};
    const add = (parent: Node | null, message: object | null): Node => {
      const node = { id: uuid(), parent: parent?.id ?? null, children: [], message };
      parent?.children.push(node.id);
      mapping[node.id] = node;
      return node;
    };
    const say = (parent: Node, role: string, said: string, recipient = 'all') =>
      add(parent, {
        ...{
          id: uuid(),
          author: { role, name: null, metadata: {} },
          create_time: later(),
        },
        ...{
          update_time: null,
          content: { content_type: 'text', parts: [said] },
          status: 'finished_successfully',
        },
        ...{ end_turn: recipient === 'all', weight: 1, recipient, channel: null },
        metadata: role === 'assistant' ? { model_slug: 'made-up-1', finish_details: { type: 'stop' } } : {},
      });
    const [created, id] = [time, uuid()];
    let last = say(add(null, null), 'system', 'You are helpful.');
    holdings.leftOut['messages of the system']++;
    const turns = 1 + Math.floor(random() * (2 * TURNS_OF_CONVERSATION - 1));
    for (let turn = 0; turn < turns; turn++) {
      last = say(last, 'user', text(WORDS.user));
      if (random() < SHARE_WITH_BRANCH) {
        say(last, 'assistant', text(WORDS.assistant));
        holdings.leftOut['messages of other branches']++;
      }
      if (random() < SHARE_WITH_TOOLS) {
        last = say(last, 'assistant', `search("${text(5)}")`, 'browser');
        last = say(last, 'tool', toolTexts[Math.floor(random() * TOOL_TEXTS)] ?? '');
        holdings.leftOut['calls of tools']++;
        holdings.leftOut['messages of tools']++;
      }
      last = say(last, 'assistant', text(WORDS.assistant));
    }
    holdings.turns += turns;
    holdings.conversations++;
    return {
      ...{ title: text(4), create_time: created, update_time: time, mapping, moderation_results: [] },
      ...{ current_node: last.id, conversation_id: id, id, default_model_slug: 'made-up-1' },
    };
  };
  return { conversation };
}
