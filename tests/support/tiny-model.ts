import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './folders.ts';

/** Length of the vectors of the tiny model. */
export const TINY_DIMENSIONS = 8;

/** Words of one line have one vector: they mean the same. */
const MEANINGS = [
  ['beagle', 'pets', 'dog', 'hund'],
  ['harbour', 'port', 'sea', 'meer'],
  ['violin', 'music', 'melody', 'musik'],
];
const UNKNOWN = '[UNK]';
const [FLOAT, INT64] = [1, 7];
/** A text for which the model needs more memory than there can be: the square of the sum of its tokens, in numbers. */
export const EXPLODES = 'explodes '.repeat(7).trim();
/** Alone it takes 144 MB. */
const HEAVY_TOKEN = 6_000;

/**
 * A sentence model made of a few operators: each known word has its vector, a sentence the mean of those of its words.
 *
 * @param changes what is wrong with it
 */
export function tinyModel(changes: { input?: string; rows?: number; dimensions?: number } = {}): Buffer {
  const input = changes.input ?? 'input_ids';
  const rows = changes.rows ?? MEANINGS.length + 1;
  const dimensions = changes.dimensions ?? TINY_DIMENSIONS;
  const table = Float32Array.from({ length: rows * dimensions }, (_, at) =>
    at % dimensions === Math.floor(at / dimensions) ? 1 : 0.05,
  );
  const graph = [
    node('Mod', [input, 'ten'], 'row'),
    node('Gather', ['table', 'row'], 'words'),
    node('ReduceSum', [input], 'sum', [attribute('keepdims', 0)]),
    node('Mul', ['sum', 'sum'], 'square'),
    node('Reshape', ['square', 'one'], 'size'),
    node('ConstantOfShape', ['size'], 'zeros'),
    node('ReduceSum', ['zeros'], 'nothing', [attribute('keepdims', 0)]),
    node('Add', ['words', 'nothing'], 'last_hidden_state'),
    text(2, 'tiny'),
    tensor('table', FLOAT, [rows, dimensions], Buffer.from(table.buffer)),
    tensor('ten', INT64, [1], int64(10)),
    tensor('one', INT64, [1], int64(1)),
    value(11, input, INT64, 2),
    value(12, 'last_hidden_state', FLOAT, 3),
  ];
  return Buffer.concat([number(1, 8), message(8, [text(1, ''), number(2, 17)]), message(7, graph)]);
}

/** @param known further words, by their token */
export function tinyTokenizer(known: Record<string, number> = {}): string {
  const words = MEANINGS.flatMap((line, at) => line.map((word) => [word, at + 1] as const));
  const vocab = { [UNKNOWN]: 0, explodes: HEAVY_TOKEN, ...Object.fromEntries(words), ...known };
  return JSON.stringify({
    version: '1.0',
    added_tokens: [],
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: null,
    model: {
      type: 'WordPiece',
      vocab,
      unk_token: UNKNOWN,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
    },
  });
}

/** A folder with these files; it goes with the tests of its file. */
export async function folderWith(files: Record<string, string | Buffer>): Promise<string> {
  const folder = temporaryFolder('model');
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

// Protocol Buffers, as far as ONNX needs them: https://protobuf.dev/programming-guides/encoding/ and onnx.proto.

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

const number = (field: number, value: number) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field: number, content: Buffer) =>
  Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
const text = (field: number, content: string) => bytes(field, Buffer.from(content));
const message = (field: number, parts: readonly Buffer[]) => bytes(field, Buffer.concat(parts));
const int64 = (value: number) => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(BigInt(value));
  return buffer;
};

function node(type: string, inputs: readonly string[], output: string, attributes: readonly Buffer[] = []) {
  return message(1, [...inputs.map((each) => text(1, each)), text(2, output), text(4, type), ...attributes]);
}

const WHOLE_NUMBER = 2;
const attribute = (name: string, value: number) =>
  message(5, [text(1, name), number(3, value), number(20, WHOLE_NUMBER)]);

function tensor(name: string, type: number, dims: readonly number[], content: Buffer): Buffer {
  return message(5, [
    ...dims.map((each) => number(1, each)),
    number(2, type),
    text(8, name),
    bytes(9, content),
  ]);
}

function value(field: number, name: string, type: number, dims: number): Buffer {
  const shape = Array.from({ length: dims }, (_, at) => message(1, [text(2, `d${at}`)]));
  return message(field, [text(1, name), message(2, [message(1, [number(1, type), message(2, shape)])])]);
}
