import {
  type DocumentNode,
  GraphQLError,
  Kind,
  Lexer,
  type ParseOptions,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';

/** Lexical tokens of one document. */
export const MAX_TOKENS = 5_000;
/** Brackets and braces within each other. The parser calls itself for each, so depth is bounded before it begins. */
export const MAX_NESTING = 100;
/** Lines of one document: each error counts them from the beginning, and line breaks are no tokens. */
export const MAX_LINES = 5_000;
/**
 * Pairs of selections that validation has to compare, because they end up under one name in one place: it compares each
 * with each. Three hundred that are alike are within it.
 */
const MAX_PAIRS = 100_000;

/**
 * Parses a document whose tokens, lines, nesting, and work for the validation stay within bounds.
 *
 * @throws GraphQLError, QUERY_TOO_COMPLEX or of the syntax
 */
export function parseBounded(text: string, options: ParseOptions | undefined): DocumentNode {
  checkLines(text);
  checkNesting(text);
  const document = parse(text, { ...options, maxTokens: MAX_TOKENS });
  const pairs = pairsOf(document);
  if (pairs > MAX_PAIRS)
    throw tooComplex(
      `fields or fragments are repeated too often in one place (${pairs} pairs to compare, at most ${MAX_PAIRS})`,
    );
  return document;
}

function checkLines(text: string): void {
  let lines = 1;
  for (const _ of text.matchAll(/\r\n|[\n\r]/g))
    if (++lines > MAX_LINES)
      throw tooComplex(`it has more than ${MAX_LINES} lines; long texts belong into variables`);
}

function checkNesting(text: string): void {
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  try {
    for (let tokens = 0; tokens <= MAX_TOKENS; tokens++) {
      const { kind } = lexer.advance();
      if (kind === TokenKind.EOF) return;
      if (OPENING.has(kind) && ++depth > MAX_NESTING)
        throw tooComplex(`it is nested too deeply (at most ${MAX_NESTING} brackets)`);
      if (CLOSING.has(kind)) depth--;
    }
  } catch (error) {
    // What is no GraphQL at all is the parser's to tell.
    if (error instanceof GraphQLError && error.extensions.code === undefined) return;
    throw error;
  }
}

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** Selections of one name in one place are compared in pairs, and so are fragments that are spread in one place. */
function pairsOf({ definitions }: DocumentNode): number {
  const counts = new Map<string, number>();
  const count = (place: string) => counts.set(place, (counts.get(place) ?? 0) + 1);
  const look = ({ selections }: SelectionSetNode, place: string) => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) count(`${place} ...`);
      else if (selection.kind === Kind.INLINE_FRAGMENT) look(selection.selectionSet, place);
      else {
        const own = `${place} ${(selection.alias ?? selection.name).value}`;
        count(own);
        if (selection.selectionSet) look(selection.selectionSet, own);
      }
    }
  };
  definitions.forEach((definition, index) => {
    if ('selectionSet' in definition) look(definition.selectionSet, String(index));
  });
  let pairs = 0;
  for (const each of counts.values()) pairs += (each * (each - 1)) / 2;
  return pairs;
}

function tooComplex(why: string): GraphQLError {
  return new GraphQLError(`The operation is too complex: ${why}`, {
    extensions: { code: 'QUERY_TOO_COMPLEX', retryable: false },
  });
}
