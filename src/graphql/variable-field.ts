import type { GraphQLError } from 'graphql';

const VARIABLE = /^Variable "\$(\w+)" /;
const PLACE = / at "(\w+)((?:\.\w+|\[\d+\])*)"; /;
/** What an object lacks, or has too much; the place is that of the object. */
const OF_OBJECT = /(?:^|; )Field "(\w+)" (?:of required type|is not defined)/;

/**
 * Which field a variable's value is wrong in, in the words of `docs/errors.md`: the argument or field the document
 * gives the variable to, then the path within its value.
 *
 * @param error of the coercion of a variable, whose message alone tells the place
 * @returns `turns.3.query`; null where the error is not of a variable's value
 */
export function fieldOfVariable({ message, source }: GraphQLError): string | null {
  const [, variable] = VARIABLE.exec(message) ?? [];
  if (!variable) return null;
  const [, , within = ''] = PLACE.exec(message) ?? [];
  const [, ofObject] = OF_OBJECT.exec(message) ?? [];
  const path = [...within.matchAll(/\w+/g)].map(([step]) => step);
  const [, argument = variable] =
    new RegExp(`\\b(\\w+)\\s*:\\s*\\$${variable}\\b`).exec(source?.body ?? '') ?? [];
  const steps = [argument, ...path, ...(ofObject ? [ofObject] : [])];
  return (argument === 'input' && steps.length > 1 ? steps.slice(1) : steps).join('.');
}
