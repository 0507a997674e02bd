import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { mayActForOthers, type Owner, type Principal } from '../access/principals.ts';
import { conversationId, parseInput, userId } from '../ground/input.ts';
import { ownerFor } from '../ground/ownership.ts';
import {
  CONVERSATIONS_OF_OTHERS,
  SIGNED_USER,
  USERS_OF_OTHERS,
  WEBUI_CHAT,
} from '../http/identity-headers.ts';
import { BadField, renamed } from './errors.ts';
import { type Message, saidBy } from './messages.ts';

/** Our own names, in headers and in `metadata`. */
export const USER = 'x-echo-user';
export const CONVERSATION = 'x-echo-conversation';
/** How all headers of Open WebUI begin. */
const OF_WEBUI = 'x-openwebui-';
/** How its names of chats begin that it does not keep itself; the former in its older versions. */
const TEMPORARY = /^(?:local|temporary):/;
/** Behind it stands the id of the page's socket. */
const OF_SOCKET = /:[\w-]{20}$/;
/** What a client says of a conversation that has no name yet. */
const UNNAMED = ['', 'new'];

/** What names a user or a conversation, where it stood, and whether that was meant for us. */
interface Named {
  readonly value: string;
  readonly field: string;
  readonly isOurs: boolean;
}

type Metadata = Readonly<Record<string, unknown>> | null;

/**
 * Whose memory a request is for: that of the user it names, within what the caller may do, else the caller's.
 *
 * @param user the field `user` of the body, which programs fill with names of their own users
 * @param secret signs who uses an Open WebUI; null: none is known
 * @throws Forbidden if our own name for it names somebody for whom the caller may not act; BadField
 */
export async function ownerOf(
  principal: Principal,
  { request, secret }: { readonly request: IncomingMessage; readonly secret: string | null },
  metadata: Metadata,
  user: unknown,
): Promise<Owner> {
  const named =
    (await signedUser(principal, request, secret)) ??
    namedBy(request, metadata, { ours: USER, inMetadata: 'user_id', others: USERS_OF_OTHERS }) ??
    (typeof user === 'string' && user !== '' ? { value: user, field: 'user', isOurs: false } : null);
  if (!named || (!named.isOurs && !mayActForOthers(principal))) return ownerFor(principal, null);
  try {
    return ownerFor(principal, parseInput(userId, named.value, named.field));
  } catch (error) {
    throw renamed(error, {});
  }
}

/**
 * Whom an Open WebUI signs for (HS256, `FORWARD_USER_INFO_HEADER_JWT_SECRET`) in place of the headers that name its users. Refused
 * where that cannot be read: all of its users would share the memory of the key.
 */
async function signedUser(
  principal: Principal,
  { headers }: IncomingMessage,
  secret: string | null,
): Promise<Named | null> {
  const token = headers[SIGNED_USER];
  // Who may act for nobody else has the own memory, whatever is signed.
  if (token === undefined || headers[USER] || !mayActForOthers(principal)) return null;
  if (secret === null)
    throw new BadField(SIGNED_USER, 'names a user by a token; set OPENWEBUI_JWT_SECRET to what signs it');
  const { jwtVerify } = await import('jose');
  const { payload } = await jwtVerify(String(token), new TextEncoder().encode(secret), {
    ...{ algorithms: ['HS256'], issuer: 'open-webui', requiredClaims: ['sub', 'exp'], clockTolerance: 5 },
  }).catch(() => {
    throw new BadField(SIGNED_USER, 'is no token that OPENWEBUI_JWT_SECRET signs for now');
  });
  return { value: payload.sub ?? '', field: SIGNED_USER, isOurs: true };
}

/** @throws BadField */
function conversationNamed(request: IncomingMessage, metadata: Metadata): Named | null {
  return namedBy(request, metadata, {
    ...{ ours: CONVERSATION, inMetadata: 'conversation_id', others: CONVERSATIONS_OF_OTHERS },
  });
}

/**
 * What names a chat that an Open WebUI does not keep itself, under whatever name its connection gives it; null: nothing does. Others may
 * call theirs as they like: their names are taken for such only where they have the form of one.
 *
 * @throws BadField
 */
export function temporaryChat(request: IncomingMessage, metadata: Metadata): string | null {
  // Whatever else names the conversation.
  if (TEMPORARY.test(headerOf(request, WEBUI_CHAT) ?? '')) return WEBUI_CHAT;
  const named = conversationNamed(request, metadata);
  if (!named || !TEMPORARY.test(named.value)) return null;
  const isWebUi = Object.keys(request.headers).some((name) => name.startsWith(OF_WEBUI));
  return isWebUi || OF_SOCKET.test(named.value) ? named.field : null;
}

/** The conversation that a request names, else one that follows from the first words of a user in it. @throws BadField */
export function conversationOf(
  request: IncomingMessage,
  metadata: Metadata,
  messages: readonly Message[],
): string {
  const named = conversationNamed(request, metadata);
  if (!named || UNNAMED.includes(named.value)) {
    const first = messages.find(({ role }) => role === 'user');
    return `chat-${digestOf(first?.content).slice(0, 32)}`;
  }
  try {
    return parseInput(conversationId, named.value, named.field);
  } catch (error) {
    throw renamed(error, {});
  }
}

/**
 * Names the turn of a user's last message by all that users and the assistant said up to it, so that a thread that is
 * sent again names the same one. What the system says is left out, since it may hold the time.
 */
export function turnKeyOf(messages: readonly Message[], lastUser: number): string {
  const hash = createHash('sha256');
  for (const message of messages.slice(0, lastUser + 1)) {
    const { role, content } = message;
    if (role === 'user') hash.update(JSON.stringify([role, digestOf(content)]));
    else if (role === 'assistant') hash.update(JSON.stringify([role, saidBy(message).trim()]));
  }
  return `chat-${hash.digest('hex')}`;
}

/** Whether a client says that it sends the same request once more. */
export function isRetry({ headers }: IncomingMessage): boolean {
  const count = headers['x-stainless-retry-count'];
  return count === undefined ? headers['idempotency-key'] !== undefined : Number(count) > 0;
}

/** The value of a header as text: percent-encoded where it has other characters than ASCII. @throws BadField */
export function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  if (value === undefined) return null;
  // Node joins repeated ones.
  const text = Buffer.from(String(value), 'latin1').toString('utf8');
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch {
    throw new BadField(name, 'is not valid percent-encoding');
  }
}

/** A text as the value of a header. */
export function asHeader(text: string): string {
  return /^[\x20-\x24\x26-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
}

function namedBy(
  request: IncomingMessage,
  metadata: Metadata,
  names: { readonly ours: string; readonly inMetadata: string; readonly others: readonly string[] },
): Named | null {
  const own = headerOf(request, names.ours);
  if (own !== null && own !== '') return { value: own, field: names.ours, isOurs: true };
  for (const key of [names.ours, names.inMetadata]) {
    const value = metadata?.[key];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string') throw new BadField(`metadata.${key}`, 'must be text');
    return { value, field: `metadata.${key}`, isOurs: true };
  }
  for (const name of names.others) {
    const value = headerOf(request, name);
    if (value !== null && value !== '') return { value, field: name, isOurs: false };
  }
  return null;
}

/** The same for the same content, in whatever form text comes. */
function digestOf(content: unknown): string {
  const text = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return createHash('sha256')
    .update(JSON.stringify(text ?? null))
    .digest('hex');
}
