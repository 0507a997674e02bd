import type { Problem } from '../http/problem.ts';

/** As the older service told of failures. */
export function present({ code, message, correlationId }: Problem) {
  return {
    detail: code === 'INTERNAL' ? `${message}; correlation id ${correlationId}` : message,
    error_code: code === 'BAD_USER_INPUT' ? 'VALIDATION_ERROR' : code,
    timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}
