import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { disputesOf } from './stripe-disputes.ts';

export type StripeDouble = Awaited<ReturnType<typeof startStripeDouble>>;

// biome-ignore lint/suspicious/noExplicitAny: objects have the shape that Stripe gives them
export type Thing = Record<string, any>;

/** A request as it came, with its form read. */
export interface StripeRequest {
  readonly method: string;
  readonly path: string;
  readonly form: Thing;
  readonly key: string | null;
}

/**
 * What becomes of a request instead of its answer: an error that is told before anything is done; it is done, and the connection
 * is cut, or the answer never comes, or not before something else; or it is lost, and never answered.
 */
export type Fault =
  | { readonly status: number; readonly error: Thing }
  | { readonly answeredAfter: Promise<unknown> }
  | 'cut'
  | 'hang'
  | 'lost'
  | undefined;

/**
 * A Stripe that remembers: customers, invoices with their states, payments, refunds, disputes, balance transactions and events, by the
 * documented rules of idempotency. It counts what would have moved money.
 */
export async function startStripeDouble() {
  const things = new Map<string, Thing>();
  const answered = new Map<string, { hash: string; status: number; body: string }>();
  const requests: StripeRequest[] = [];
  const declining = new Map<string, string>();
  const hanging = new Set<ServerResponse>();
  let faultOf: (request: StripeRequest) => Fault = () => undefined;
  let sequence = 0;
  let clock = () => Math.floor(Date.now() / 1_000);

  const made = (prefix: string, thing: Thing): Thing => {
    const id = `${prefix}_${String(++sequence).padStart(6, '0')}`;
    const whole = { id, created: clock(), livemode: false, ...thing };
    things.set(id, whole);
    return whole;
  };
  const all = (object: string) => [...things.values()].filter((thing) => thing.object === object).reverse();
  const get = (id: string | undefined, object: string): Thing => {
    const thing = things.get(id ?? '');
    if (thing?.object === object && !thing.deleted) return thing;
    throw refusal(404, { code: 'resource_missing', message: `No such ${object}: '${id}'`, param: 'id' });
  };
  const told = (type: string, object: Thing) =>
    made('evt', { object: 'event', type, api_version: '2026-10-28.endive', data: { object: { ...object } } });
  const booked = (type: string, amount: number, currency: string, source: string) =>
    made('txn', {
      ...{ object: 'balance_transaction', type, reporting_category: type, amount, currency, source },
      ...{ fee: amount > 0 ? Math.round(amount * 0.029) + 30 : 0, status: 'available' },
    });

  const handlers: [string, RegExp, (form: Thing, id: string) => Thing][] = [
    [
      'GET',
      /^\/v1\/(customers|invoices|refunds|disputes|balance_transactions|events|charges)$/,
      (form, kind) => listOf(kind, form),
    ],
    ['GET', /^\/v1\/invoice_payments$/, listPayments],
    ['GET', /^\/v1\/disputes\/(\w+)$/, (form, id) => disputes.shown(get(id, 'dispute'), form)],
    ['GET', /^\/v1\/customers\/(\w+)$/, (_form, id) => get(id, 'customer')],
    ['GET', /^\/v1\/invoices\/(\w+)$/, (form, id) => shownInvoice(get(id, 'invoice'), form)],
    ['GET', /^\/v1\/payment_intents\/(\w+)$/, (form, id) => shownIntent(get(id, 'payment_intent'), form)],
    ['GET', /^\/v1\/refunds\/(\w+)$/, (form, id) => shownRefund(get(id, 'refund'), form)],
    [
      'DELETE',
      /^\/v1\/customers\/(\w+)$/,
      (_form, id) => Object.assign(get(id, 'customer'), { deleted: true, name: null, email: null }),
    ],
    ['POST', /^\/v1\/customers$/, (form) => made('cus', { object: 'customer', metadata: {}, ...form })],
    ['POST', /^\/v1\/customers\/(\w+)$/, (form, id) => Object.assign(get(id, 'customer'), form)],
    ['POST', /^\/v1\/invoices$/, createInvoice],
    ['POST', /^\/v1\/invoices\/(\w+)\/add_lines$/, addLines],
    ['POST', /^\/v1\/invoices\/(\w+)\/finalize$/, (_form, id) => finalize(get(id, 'invoice'))],
    ['POST', /^\/v1\/invoices\/(\w+)\/send$/, (_form, id) => send(get(id, 'invoice'))],
    ['POST', /^\/v1\/invoices\/(\w+)\/pay$/, (_form, id) => pay(get(id, 'invoice'))],
    ['POST', /^\/v1\/invoices\/(\w+)\/void$/, (_form, id) => makeVoid(get(id, 'invoice'))],
    ['POST', /^\/v1\/refunds$/, refund],
  ];

  function listOf(kind: string, form: Thing): Thing {
    const object = kind.replace(/s$/, '');
    const [from, until] = [Number(form.created?.gte ?? 0), Number(form.created?.lt ?? 1e12)];
    const found = all(object).filter(
      (thing) =>
        !thing.deleted &&
        thing.created >= from &&
        thing.created < until &&
        (form.types === undefined || Object.values(form.types).includes(thing.type)) &&
        ['customer', 'payment_intent', 'type', 'status'].every(
          (name) => form[name] === undefined || form[name] === thing[name],
        ),
    );
    const start = form.starting_after ? found.findIndex(({ id }) => id === form.starting_after) + 1 : 0;
    const limit = Number(form.limit ?? 10);
    const page = found.slice(start, start + limit);
    return { object: 'list', url: `/v1/${kind}`, data: page, has_more: start + limit < found.length };
  }
  function createInvoice(form: Thing): Thing {
    get(form.customer, 'customer');
    const invoice = made('in', {
      ...{ object: 'invoice', status: 'draft', metadata: {}, lines: list([]), total: 0, number: null },
      status_transitions: {
        finalized_at: null,
        paid_at: null,
        voided_at: null,
        marked_uncollectible_at: null,
      },
      ...form,
    });
    told('invoice.created', invoice);
    return invoice;
  }
  function addLines(form: Thing, id: string): Thing {
    const invoice = get(id, 'invoice');
    if (invoice.status !== 'draft') throw refusal(400, { message: 'This invoice is no longer editable' });
    const lines = Object.values(form.lines as Thing).map((line) => ({
      ...line,
      amount: Number(line.amount),
    }));
    invoice.lines.data.push(...lines);
    invoice.total = invoice.lines.data.reduce((sum: number, line: Thing) => sum + line.amount, 0);
    return invoice;
  }
  function finalize(invoice: Thing): Thing {
    if (invoice.status !== 'draft')
      throw refusal(400, {
        message: 'This invoice is already finalized, you can’t re-finalize a non-draft invoice.',
      });
    const intent = made('pi', {
      ...{ object: 'payment_intent', amount: invoice.total, currency: invoice.currency, latest_charge: null },
      status: 'requires_payment_method',
    });
    invoice.intent = intent.id;
    invoice.status = 'open';
    invoice.number = `A-${String(sequence).padStart(4, '0')}`;
    invoice.status_transitions.finalized_at = clock();
    told('invoice.finalized', invoice);
    return invoice;
  }
  function send(invoice: Thing): Thing {
    if (invoice.status !== 'open') throw refusal(400, { message: 'You can only send an open invoice.' });
    invoice.sent = (invoice.sent ?? 0) + 1;
    told('invoice.sent', invoice);
    return invoice;
  }
  function pay(invoice: Thing): Thing {
    if (invoice.status === 'paid')
      throw refusal(400, { code: 'invoice_already_paid', message: 'Invoice is already paid' });
    if (invoice.status !== 'open')
      throw refusal(400, { message: `You can only pay an open invoice, not ${invoice.status}` });
    const decline = declining.get(invoice.customer);
    if (decline) {
      told('invoice.payment_failed', invoice);
      throw refusal(402, {
        type: 'card_error',
        code: 'card_declined',
        decline_code: decline,
        message: 'Your card was declined.',
      });
    }
    const intent = get(invoice.intent, 'payment_intent');
    const charge = made('ch', {
      ...{ object: 'charge', amount: invoice.total, currency: invoice.currency, payment_intent: intent.id },
      ...{ status: 'succeeded', refunded: 0, customer: invoice.customer, metadata: {} },
    });
    charge.balance_transaction = booked('charge', invoice.total, invoice.currency, charge.id).id;
    Object.assign(intent, { latest_charge: charge.id, status: 'succeeded' });
    invoice.status = 'paid';
    invoice.status_transitions.paid_at = clock();
    told('invoice.paid', invoice);
    return invoice;
  }
  function makeVoid(invoice: Thing): Thing {
    if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
      throw refusal(400, { message: `You can only void an open invoice, not ${invoice.status}` });
    invoice.status = 'void';
    invoice.status_transitions.voided_at = clock();
    told('invoice.voided', invoice);
    return invoice;
  }
  function refund(form: Thing): Thing {
    const intent = get(form.payment_intent, 'payment_intent');
    const charge = get(intent.latest_charge, 'charge');
    const amount = Number(form.amount ?? charge.amount - charge.refunded);
    if (disputes.isHeld(charge.id))
      throw refusal(400, {
        code: 'charge_disputed',
        message: `Charge ${charge.id} has been charged back; cannot issue a refund.`,
      });
    if (amount > charge.amount - charge.refunded)
      throw refusal(400, {
        code: 'amount_too_large',
        message: 'Refund amount is greater than unrefunded amount on charge',
        param: 'amount',
      });
    charge.refunded += amount;
    const made_ = made('re', {
      ...{ object: 'refund', metadata: {}, ...form, amount, currency: charge.currency, charge: charge.id },
      ...{ status: 'succeeded', failure_reason: null, failure_balance_transaction: null },
    });
    made_.balance_transaction = booked('refund', -amount, charge.currency, made_.id).id;
    told('refund.created', made_);
    return made_;
  }
  const disputes = disputesOf({ made, all, get, told, refusal, clock: () => clock() });
  function listPayments({ invoice, payment }: Thing): Thing {
    if (invoice) return list(paymentsOf(get(invoice, 'invoice')));
    const paid = all('invoice').filter(({ intent }) => intent === payment?.payment_intent);
    return list(paid.flatMap(paymentsOf));
  }
  const paymentsOf = (invoice: Thing): Thing[] =>
    invoice.status === 'paid'
      ? [
          {
            object: 'invoice_payment',
            invoice: invoice.id,
            status: 'paid',
            payment: { type: 'payment_intent', payment_intent: invoice.intent },
          },
        ]
      : [];
  const wants = (form: Thing, name: string) => Object.values(form.expand ?? {}).includes(name);
  const shownInvoice = (invoice: Thing, form: Thing) =>
    wants(form, 'payments') ? { ...invoice, payments: list(paymentsOf(invoice)) } : invoice;
  const shownIntent = (intent: Thing, form: Thing) => {
    if (!wants(form, 'latest_charge.balance_transaction') || !intent.latest_charge) return intent;
    const charge = get(intent.latest_charge, 'charge');
    return {
      ...intent,
      latest_charge: { ...charge, balance_transaction: things.get(charge.balance_transaction) ?? null },
    };
  };
  const shownRefund = (thing: Thing, form: Thing) => ({
    ...thing,
    ...(wants(form, 'balance_transaction') && {
      balance_transaction: things.get(thing.balance_transaction) ?? null,
    }),
    ...(wants(form, 'failure_balance_transaction') && {
      failure_balance_transaction: things.get(thing.failure_balance_transaction) ?? null,
    }),
  });

  function perform({ method, path, form }: StripeRequest): { status: number; body: Thing } {
    for (const [verb, pattern, handle] of handlers) {
      const match = verb === method ? pattern.exec(path) : null;
      if (!match) continue;
      try {
        return { status: 200, body: handle(form, match[1] ?? '') };
      } catch (error) {
        if (error instanceof Refusal) return { status: error.status, body: { error: error.said } };
        throw error;
      }
    }
    return {
      status: 404,
      body: {
        error: { type: 'invalid_request_error', message: `Unrecognized request URL (${method}: ${path})` },
      },
    };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await readRequest(request);
    requests.push(asked);
    const fault = faultOf(asked);
    if (typeof fault === 'object' && 'status' in fault)
      return reply(response, fault.status, JSON.stringify({ error: fault.error }));
    if (fault === 'lost') return void hanging.add(response);
    const hash = createHash('sha256')
      .update(JSON.stringify([asked.method, asked.path, asked.form]))
      .digest('hex');
    const before = asked.key === null || asked.method !== 'POST' ? undefined : answered.get(asked.key);
    if (before && before.hash !== hash)
      return reply(
        response,
        400,
        JSON.stringify({
          error: {
            type: 'idempotency_error',
            message:
              'Keys for idempotent requests can only be used with the same parameters they were first used with.',
          },
        }),
      );
    const done = before ?? { hash, ...textOf(perform(asked)) };
    if (asked.key !== null && asked.method === 'POST') answered.set(asked.key, done);
    if (fault === 'cut') return void request.socket.destroy();
    if (fault === 'hang') return void hanging.add(response);
    if (typeof fault === 'object') await fault.answeredAfter;
    if (before) response.setHeader('idempotent-replayed', 'true');
    reply(response, done.status, done.body);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    things,
    all,
    /** What is told of a request before it is answered; undefined: nothing goes wrong. */
    failWith(fault: (request: StripeRequest) => Fault) {
      faultOf = fault;
    },
    /** Charges of a customer are declined with this code; null: no more. */
    decline(customer: string, code: string | null) {
      if (code === null) declining.delete(customer);
      else declining.set(customer, code);
    },
    /** As if a day and more had passed: it knows no keys any more. */
    forgetKeys: () => answered.clear(),
    setClock(now: () => number) {
      clock = now;
    },
    made,
    booked,
    disputes,
    pay: (id: string) => pay(get(id, 'invoice')),
    makeVoid: (id: string) => makeVoid(get(id, 'invoice')),
    told,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A header with which Stripe would sign a payload. @param secrets during a rotation there are several */
export function signatureOf(
  payload: string,
  secrets: readonly string[],
  at = Math.floor(Date.now() / 1_000),
): string {
  const signed = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${at}.${payload}`).digest('hex')}`,
  );
  return [`t=${at}`, ...signed].join(',');
}

class Refusal extends Error {
  readonly status: number;
  readonly said: Thing;
  constructor(status: number, said: Thing) {
    super(said.message);
    [this.status, this.said] = [status, { type: 'invalid_request_error', ...said }];
  }
}

const refusal = (status: number, said: Thing) => new Refusal(status, said);
const list = (data: Thing[]) => ({ object: 'list', data, has_more: false });
const textOf = ({ status, body }: { status: number; body: Thing }) => ({
  status,
  body: JSON.stringify(body),
});

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_double' });
  response.end(body);
}

async function readRequest(request: IncomingMessage): Promise<StripeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  const form: Thing = {};
  for (const text of [search, Buffer.concat(chunks).toString('utf8')])
    for (const [name, value] of new URLSearchParams(text)) put(form, name, value);
  const key = request.headers['idempotency-key'];
  return { method: request.method ?? '', path, form, key: typeof key === 'string' ? key : null };
}

/** `metadata[a]=b` as `{ metadata: { a: 'b' } }`. */
function put(form: Thing, name: string, value: string): void {
  const path = name.replaceAll(']', '').split('[');
  let at = form;
  for (const step of path.slice(0, -1)) {
    at[step] ??= {};
    at = at[step];
  }
  at[path.at(-1) ?? ''] = value;
}
