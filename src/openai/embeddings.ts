import { tokensIn } from '../domains/query/context.ts';
import { EchoError } from '../errors.ts';
import { readJson } from '../http/body.ts';
import { sendJson } from '../http/server.ts';
import { type Embedder, EmbedderUnavailable, embedTexts, TextRefused } from '../models/embedder.ts';
import { BadField, UnknownModel } from './errors.ts';
import { isObject } from './messages.ts';
import { MAX_BYTES, type OpenAiRequest, OWN_MODEL } from './request.ts';

/** Texts of one request, and characters of one text. */
const MAX_TEXTS = 256;
const MAX_CHARACTERS = 100_000;

/** The embedding model does not answer. */
class EmbeddingFailed extends EchoError {
  override readonly name = 'EmbeddingFailed';
  readonly code: string;
  override readonly httpStatus: number;
  override readonly retryable: boolean;
  readonly field: string | undefined;
  constructor(error: EmbedderUnavailable | TextRefused) {
    super(error.message);
    const isRefused = error instanceof TextRefused;
    [this.code, this.httpStatus] = isRefused ? ['MODEL_REFUSED', 400] : ['MODEL_UNAVAILABLE', 502];
    this.retryable = !isRefused;
    this.field = isRefused ? 'input' : undefined;
  }
}

/** POST /v1/embeddings: vectors of the model that memory uses. */
export async function postEmbeddings({ services, request, response }: OpenAiRequest): Promise<void> {
  const { embedder } = services;
  const { texts, asBase64 } = readEmbeddings(embedder, await readJson(request, MAX_BYTES));
  const leaving = new AbortController();
  response.once('close', () => leaving.abort());
  const tokens = texts.reduce((sum, text) => sum + tokensIn(text), 0);
  const vectors = await embedTexts(embedder, texts, leaving.signal).catch((error: unknown) => {
    if (error instanceof EmbedderUnavailable || error instanceof TextRefused)
      throw new EmbeddingFailed(error);
    // Nobody is left to be told.
    if (leaving.signal.aborted) return [];
    throw error;
  });
  sendJson(response, 200, {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: asBase64 ? littleEndian(vector).toString('base64') : Array.from(vector),
    })),
    model: embedder.name,
    // About: its provider's count is not kept.
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

/** @throws BadField, UnknownModel */
function readEmbeddings(embedder: Embedder, body: unknown) {
  if (!isObject(body)) throw new BadField('body', 'must be a JSON object');
  const { model, input, dimensions, encoding_format: format } = body;
  if (typeof model !== 'string') throw new BadField('model', 'must be the name of a model');
  if (model !== embedder.name && model !== OWN_MODEL)
    throw new UnknownModel(model, [embedder.name, OWN_MODEL]);
  if (dimensions !== undefined && dimensions !== null && dimensions !== embedder.dimensions)
    throw new BadField('dimensions', `must be ${embedder.dimensions}, as memory has them`);
  if (format !== undefined && format !== null && format !== 'float' && format !== 'base64')
    throw new BadField('encoding_format', 'must be float or base64');
  return { texts: textsOf(input), asBase64: format === 'base64' };
}

function textsOf(input: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (list.length === 0 || list.length > MAX_TEXTS)
    throw new BadField('input', `must have 1 to ${MAX_TEXTS} entries, has ${list.length}`);
  return list.map((text, index) => {
    const field = Array.isArray(input) ? `input.${index}` : 'input';
    if (typeof text !== 'string')
      throw new BadField(
        field,
        'must be text; numbers of tokens are not read (LangChain: check_embedding_ctx_length=False)',
      );
    if (text === '' || text.length > MAX_CHARACTERS)
      throw new BadField(field, `must have 1 to ${MAX_CHARACTERS} characters, has ${text.length}`);
    return text.toWellFormed();
  });
}

/** 32-bit floats, as clients decode them, whatever the machine's own order is. */
function littleEndian(vector: Float32Array): Buffer {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes;
}
