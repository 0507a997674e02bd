import type { Problem } from '../http/problem.ts';

/** As the older service told of failures. */
export function present({ code, message, details, correlationId }: Problem) {
  return {
    detail:
      code === 'INTERNAL' ? `${message}; correlation id ${correlationId}` : inSnakeCase(message, details),
    error_code: code === 'BAD_USER_INPUT' ? 'VALIDATION_ERROR' : code,
    timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

/** Verbs name fields as GraphQL does. */
function inSnakeCase(message: string, { field }: Problem['details']): string {
  if (field === undefined || !message.startsWith(field)) return message;
  const name = field.replace(/^inputs\.0\./, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return name + message.slice(field.length);
}
