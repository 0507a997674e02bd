import type { Relayed } from '../domains/query/relay.ts';
import { readJson } from '../http/body.ts';
import { eventOf } from './answer-stream.ts';
import { type AskedChat, readChat } from './asked.ts';
import { finishOf, modelOf, usageOf } from './chat.ts';
import { type AnswerForm, converse, type Place } from './converse.ts';
import { BadField, present } from './errors.ts';
import { MAX_BYTES, type OpenAiRequest, type OpenAiServices } from './request.ts';
import { asChatBody } from './response-items.ts';

/** POST /v1/responses: the newer form of a chat, as far as it needs nothing but a model and what is sent. */
export async function postResponse(given: OpenAiRequest): Promise<void> {
  const body = await readJson(given.request, MAX_BYTES);
  const asked = { ...readResponse(given.services, body), questionField: 'input' };
  await converse(given, asked, (place) => new ResponseForm(asked.model, place));
}

/** @throws BadField, UnknownModel */
function readResponse(services: OpenAiServices, body: unknown): AskedChat {
  const chat = asChatBody(body);
  try {
    return readChat(services, chat);
  } catch (error) {
    // The newer form has no messages: its items were made into them.
    if (!(error instanceof BadField) || !/^messages\b/.test(error.field)) throw error;
    throw new BadField('input', error.message.slice(error.field.length + 2));
  }
}

interface Item {
  readonly id: string;
  readonly type: 'message' | 'function_call';
}

/** Writes a response: an item with text, and one for each call of a function. */
class ResponseForm implements AnswerForm {
  readonly #model: string;
  readonly #place: Place;
  #sequence = 0;
  /** Those that have begun, in their order; the calls by their index in the answer. */
  readonly #items: Item[] = [];
  readonly #calls = new Map<number, { index: number; name: string; arguments: string; callId: string }>();
  #text = '';
  /** The kind of the part that holds the text. */
  #kind: keyof typeof PART_EVENTS = 'output_text';

  constructor(model: string, place: Place) {
    this.#model = model;
    this.#place = place;
  }

  whole(relayed: Relayed) {
    return {
      ...this.#response('completed'),
      ...incompleteOf(finishOf(relayed)),
      ...this.#written(relayed),
    };
  }

  begin(): string {
    const response = { ...this.#response('in_progress'), model: this.#model, output: [], usage: null };
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  text(delta: string): string {
    const begins = this.#text === '' ? this.#beginText() : '';
    this.#text += delta;
    const { name, more } = PART_EVENTS[this.#kind];
    return begins + this.#event(`response.${name}.delta`, { ...this.#textPlace(), delta, ...more });
  }

  refusal(words: string): string {
    this.#kind = 'refusal';
    return this.text(words);
  }

  call({ index, id, name = '', arguments: more = '' }: Parameters<AnswerForm['call']>[0]): string {
    let begins = '';
    let call = this.#calls.get(index);
    if (!call) {
      call = { index: this.#items.length, name, arguments: '', callId: id ?? `call_${index}` };
      this.#calls.set(index, call);
      this.#items.push({ id: `fc_${this.#place.id}_${index}`, type: 'function_call' });
      begins = this.#event('response.output_item.added', {
        output_index: call.index,
        item: this.#callItem(call, 'in_progress'),
      });
    } else if (call.name === '') call.name = name;
    if (more === '') return begins;
    call.arguments += more;
    const place = { item_id: this.#items[call.index]?.id, output_index: call.index };
    return begins + this.#event('response.function_call_arguments.delta', { ...place, delta: more });
  }

  end(relayed: Relayed): string {
    const calls = [...this.#calls.values()].map((call) => {
      const item = this.#callItem(call, 'completed');
      const place = { item_id: item.id, output_index: call.index };
      const { arguments: whole, name } = call;
      return (
        this.#event('response.function_call_arguments.done', { ...place, name, arguments: whole }) +
        this.#event('response.output_item.done', { output_index: call.index, item })
      );
    });
    const texts = this.#text === '' ? '' : this.#endText();
    const response = this.whole(relayed);
    return texts + calls.join('') + this.#event(`response.${response.status}`, { response });
  }

  failed(problem: Parameters<typeof present>[0]): string {
    const { message, param, code } = present(problem).error;
    return this.#event('error', { message, param, code });
  }

  #event(type: string, data: object): string {
    return eventOf({ type, sequence_number: this.#sequence++, ...data }, type);
  }

  #response(status: 'in_progress' | 'completed') {
    return {
      id: `resp_${this.#place.id}`,
      object: 'response' as const,
      created_at: this.#place.created,
      status,
      error: null,
      incomplete_details: null,
    };
  }

  /** The output in the order in which it was streamed; a whole answer has its text first. */
  #written(relayed: Relayed) {
    const { text, isRefusal, toolCalls } = relayed;
    this.#kind = isRefusal ? 'refusal' : 'output_text';
    const calls = toolCalls.map(({ id, name, arguments: given }, index) => ({
      ...{ id: `fc_${this.#place.id}_${index}`, type: 'function_call', status: 'completed' },
      ...{ call_id: id, name, arguments: given },
    }));
    const usage = usageOf(relayed);
    const output = [...(text === '' ? [] : [this.#message(text, 'completed')]), ...calls];
    const places = new Map(this.#items.map(({ id }, place) => [id, place]));
    const placeOf = ({ id }: { id: string }) => places.get(id) ?? places.size;
    return {
      model: modelOf(relayed),
      output: output.sort((a, b) => placeOf(a) - placeOf(b)),
      usage: {
        input_tokens: usage.prompt_tokens,
        output_tokens: usage.completion_tokens,
        total_tokens: usage.total_tokens,
      },
    };
  }

  #beginText(): string {
    this.#items.push({ id: `msg_${this.#place.id}`, type: 'message' });
    const item = { ...this.#message('', 'in_progress'), content: [] };
    return (
      this.#event('response.output_item.added', { output_index: this.#textPlace().output_index, item }) +
      this.#event('response.content_part.added', { ...this.#textPlace(), part: this.#part('') })
    );
  }

  #endText(): string {
    const place = this.#textPlace();
    const { name, whole, more } = PART_EVENTS[this.#kind];
    return (
      this.#event(`response.${name}.done`, { ...place, [whole]: this.#text, ...more }) +
      this.#event('response.content_part.done', { ...place, part: this.#part(this.#text) }) +
      this.#event('response.output_item.done', {
        output_index: place.output_index,
        item: this.#message(this.#text, 'completed'),
      })
    );
  }

  #textPlace() {
    const index = this.#items.findIndex(({ type }) => type === 'message');
    return { item_id: `msg_${this.#place.id}`, output_index: index, content_index: 0 };
  }

  #message(text: string, status: string) {
    return {
      id: `msg_${this.#place.id}`,
      type: 'message',
      role: 'assistant',
      status,
      content: [this.#part(text)],
    };
  }

  #part(text: string) {
    return this.#kind === 'refusal'
      ? { type: 'refusal', refusal: text }
      : { type: 'output_text', text, annotations: [], logprobs: [] };
  }

  #callItem(call: { index: number; name: string; arguments: string; callId: string }, status: string) {
    const id = this.#items[call.index]?.id;
    return {
      id,
      type: 'function_call',
      status,
      call_id: call.callId,
      name: call.name,
      arguments: call.arguments,
    };
  }
}

/** What is said of an answer that did not come to its end; nothing of others. */
function incompleteOf(finish: ReturnType<typeof finishOf>) {
  const reason = finish === 'length' ? 'max_output_tokens' : finish;
  return finish === 'length' || finish === 'content_filter'
    ? { status: 'incomplete' as const, incomplete_details: { reason } }
    : {};
}

/** What the events of a part are called, and hold: of an answer, of a refusal. */
const PART_EVENTS = {
  output_text: { name: 'output_text', whole: 'text', more: { logprobs: [] } },
  refusal: { name: 'refusal', whole: 'refusal', more: {} },
} as const;
