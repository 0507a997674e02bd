/** What one file imports, and its code with comments and the text of literals taken out. */
export interface ParsedModule {
  imports: ImportedModule[];
  /** Strings stand as `"#n"`, n being the index into `strings`. */
  code: string;
  strings: string[];
}

export interface ImportedModule {
  /** Null where it is computed at run time. */
  specifier: string | null;
  /** The names as written, e.g. `{ a, type B }`; empty for side effects and calls. */
  clause: string;
  /** Erased before the module runs. `import { type A }` is not: it still loads the module. */
  typeOnly: boolean;
}

/**
 * Reads imports of every form: static, re-exporting, type-only, for side effects, `import()`, `require()`.
 *
 * A lexer and patterns over what it leaves, since TypeScript 7 has no stable parser API. It relies on the
 * formatter for one thing: statements end in semicolons.
 */
export function parseModule(source: string): ParsedModule {
  const { code, strings } = withoutText(source);
  const text = (index: string | undefined) => (index === undefined ? null : (strings[Number(index)] ?? null));
  const imports: ImportedModule[] = [];
  for (const [, type, clause = '', index] of code.matchAll(STATIC)) {
    imports.push({ specifier: text(index), clause: clause.trim(), typeOnly: type !== undefined });
  }
  for (const [, index] of code.matchAll(SIDE_EFFECT)) {
    imports.push({ specifier: text(index), clause: '', typeOnly: false });
  }
  for (const [, type, index] of code.matchAll(CALL)) {
    imports.push({ specifier: text(index), clause: '', typeOnly: type !== undefined });
  }
  return { imports, code, strings };
}

/** What remains when every import, re-export and list of exports is taken away. */
export function withoutImportsAndLists(code: string): string {
  return code.replace(STATIC, '').replace(SIDE_EFFECT, '').replace(EXPORT_LIST, '').replace(/[;\s]/g, '');
}

const STATIC = /(?<![\w$.])(?:import|export)\s*(type\s+(?!from\b))?([\w$\s,{}*"#]*?)\s*\bfrom\s*"#(\d+)"/g;
const SIDE_EFFECT = /(?<![\w$.])import\s*"#(\d+)"/g;
const CALL = /(?<![\w$])(typeof\s+)?(?:import|require|getBuiltinModule)\s*\(\s*(?:"#(\d+)"\s*[,)])?/g;
const EXPORT_LIST = /(?<![\w$.])export\s*(?:type\s*)?\{[\w$\s,]*\}/g;

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const REGEX = /\/(?![/*])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;
/** After these a slash starts a regular expression; after anything else it divides. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{;+\-*%~^<>]|\b(?:return|typeof|case|in|of|await|yield|void|throw|else|do))\s*$/;

function withoutText(source: string): { code: string; strings: string[] } {
  const strings: string[] = [];
  /** How many braces are open in each `${` that we are inside of. */
  const open: number[] = [];
  let code = '';
  let index = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = index;
    const found = pattern.exec(source)?.[0] ?? null;
    if (found !== null) index += found.length;
    return found;
  };
  const takeTemplate = () => {
    take(TEMPLATE_TEXT);
    if (source.startsWith('${', index)) open.push(0);
    code += '`';
    index += source[index] === '$' ? 2 : 1;
  };
  while (index < source.length) {
    if (take(COMMENT) !== null) {
      code += ' ';
      continue;
    }
    const string = take(STRING);
    if (string !== null) {
      code += `"#${strings.push(string.slice(1, -1)) - 1}"`;
      continue;
    }
    if (source[index] === '/' && BEFORE_REGEX.test(code.slice(-20)) && take(REGEX) !== null) {
      code += '/r/';
      continue;
    }
    const character = source.charAt(index);
    const depth = open.at(-1);
    if (character === '`' || (character === '}' && depth === 0)) {
      if (character === '}') open.pop();
      index += 1;
      takeTemplate();
      continue;
    }
    if (depth !== undefined && '{}'.includes(character))
      open[open.length - 1] = depth + (character === '{' ? 1 : -1);
    code += character;
    index += 1;
  }
  return { code, strings };
}
