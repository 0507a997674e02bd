import { sendJson } from '../http/server.ts';
import { UnknownModel } from './errors.ts';
import { type OpenAiRequest, type OpenAiServices, OWN_MODEL } from './request.ts';

interface Listed {
  readonly id: string;
  readonly object: 'model';
  /** Seconds; when this server started, since nobody says when the models were made. */
  readonly created: number;
  readonly owned_by: string;
}

/** Names of the models that answer; the server's own choice first. */
export function answeringModels({ models }: Pick<OpenAiServices, 'models'>): string[] {
  return [...new Set([OWN_MODEL, ...models.models().map(({ name }) => name)])];
}

/** The model that a request names. @returns null: the server chooses @throws UnknownModel */
export function modelNamed(services: Pick<OpenAiServices, 'models'>, name: string): string | null {
  const known = answeringModels(services);
  if (!known.includes(name)) throw new UnknownModel(name, known);
  return name === OWN_MODEL ? null : name;
}

/** GET /v1/models */
export async function getModels({ services, response }: OpenAiRequest): Promise<void> {
  sendJson(response, 200, { object: 'list', data: listOf(services) });
}

/** GET /v1/models/{id} */
export async function getModel({ services, response, parameter }: OpenAiRequest): Promise<void> {
  const list = listOf(services);
  const found = list.find(({ id }) => id === parameter);
  if (!found)
    throw new UnknownModel(
      parameter,
      list.map(({ id }) => id),
    );
  sendJson(response, 200, found);
}

function listOf(services: OpenAiServices): Listed[] {
  const created = Math.floor(Date.now() / 1_000 - process.uptime());
  const names = new Set([...answeringModels(services), services.embedder.name]);
  return [...names].map((id) => ({
    id,
    object: 'model',
    created,
    owned_by: id === OWN_MODEL ? OWN_MODEL : 'configured',
  }));
}
