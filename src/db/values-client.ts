import pg from 'pg';

type Done = (error: Error | null, result?: Pick<pg.QueryArrayResult, 'rows'>) => void;

/** A statement for nothing but the values of its columns in their order, prepared under its name. */
export class ValuesStatement implements pg.QueryArrayConfig {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
  readonly types: pg.CustomTypesConfig;
  readonly rowMode = 'array';

  constructor(
    { name, text, values }: { name: string; text: string; values: unknown[] },
    types: pg.CustomTypesConfig,
  ) {
    this.name = name;
    this.text = text;
    this.values = values;
    this.types = types;
  }
}

/**
 * A pg client that asks once on each connection what columns a `ValuesStatement` gives. The driver asks with every execution, and then
 * PostgreSQL says the names and types of all columns again, which for one row is more than the row.
 *
 * A prepared statement never gives other columns: PostgreSQL refuses to execute it where its tables have changed so.
 */
export function valuesClient(base: typeof pg.Client): typeof pg.Client {
  return class ValuesClient extends base {
    readonly #described: Described = new Map();

    // biome-ignore lint/suspicious/noExplicitAny: pg's query has a dozen overloads, all others are passed on unchanged
    override query(...given: any[]): any {
      const [statement, , done] = given;
      if (!(statement instanceof ValuesStatement)) return super.query(...(given as [string]));
      const send = (then: Done) => {
        super.query(new ValuesQuery(statement, this.#described, then) as unknown as pg.Submittable);
      };
      if (done) return send(done as Done);
      return new Promise((resolve, reject) => {
        send((error, result) => (error ? reject(error) : resolve(result)));
      });
    }
  };
}

type Parse = (text: string) => unknown;
/** What reads each column: null where its text is its value. */
type Parsers = readonly (Parse | null)[];
/** Those of statements that this connection has described, by their names. */
type Described = Map<string, Parsers>;

/** What a query of ours uses of the driver's connection; a client hands it to what it sends (`pg.Submittable`). */
interface Connection {
  readonly stream: { cork(): void; uncork(): void };
  readonly parsedStatements: Record<string, string | undefined>;
  readonly submittedNamedStatements: Record<string, string | undefined>;
  parse(statement: { name: string; text: string }): void;
  bind(portal: { statement: string; values: unknown[] }): void;
  describe(portal: { type: 'P'; name: string }): void;
  execute(portal: { portal: string }): void;
  sync(): void;
}

interface Column {
  readonly dataTypeID: number;
  readonly format?: 'text' | 'binary';
}

const { prepareValue } = (pg as unknown as { utils: { prepareValue: (value: unknown) => unknown } }).utils;
/** What reads a text as it is. */
const asIs = pg.types.getTypeParser(pg.types.builtins.TEXT, 'text') as Parse;

/** One execution, as a client sends it and is answered. */
class ValuesQuery {
  /** The client puts its deadline around it. */
  callback: Done;
  readonly name: string;
  readonly text: string;
  readonly #statement: ValuesStatement;
  readonly #described: Described;
  #parsers: Parsers | null;
  readonly #rows: unknown[][] = [];
  #failure: Error | null = null;

  constructor(statement: ValuesStatement, described: Described, done: Done) {
    this.name = statement.name;
    this.text = statement.text;
    this.callback = done;
    this.#statement = statement;
    this.#described = described;
    this.#parsers = described.get(statement.name) ?? null;
  }

  submit(connection: Connection): Error | null {
    const { name, text } = this;
    const known = connection.parsedStatements[name] ?? connection.submittedNamedStatements[name];
    if (known !== undefined && known !== text)
      return new Error(`Prepared statements must be unique - '${name}' was used for a different statement`);
    let values: unknown[];
    try {
      values = this.#statement.values.map((value) => prepareValue(value));
    } catch (error) {
      return error as Error;
    }
    connection.stream.cork();
    try {
      if (known === undefined) {
        connection.parse({ name, text });
        connection.submittedNamedStatements[name] = text;
      }
      connection.bind({ statement: name, values });
      if (!this.#parsers) connection.describe({ type: 'P', name: '' });
      connection.execute({ portal: '' });
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
    return null;
  }

  handleRowDescription({ fields }: { readonly fields: readonly Column[] }): void {
    const { types } = this.#statement;
    this.#parsers = fields.map(({ dataTypeID, format = 'text' }) => {
      const parse = types.getTypeParser(dataTypeID, format) as Parse;
      return parse === asIs ? null : parse;
    });
    this.#described.set(this.name, this.#parsers);
  }

  handleDataRow({ fields }: { readonly fields: (string | null)[] }): void {
    const parsers = this.#parsers;
    if (this.#failure || !parsers) return;
    // The driver makes the array for this row alone, so it becomes the row.
    const row: unknown[] = fields;
    try {
      for (let at = 0; at < fields.length; at++) {
        const parse = parsers[at];
        const text = fields[at];
        if (parse && typeof text === 'string') row[at] = parse(text);
      }
    } catch (error) {
      this.#failure = error as Error;
      return;
    }
    this.#rows.push(row);
  }

  handleCommandComplete(): void {
    // How many rows there were is seen by them.
  }

  handleEmptyQuery(): void {
    // It gives no rows.
  }

  handleError(error: Error): void {
    this.callback(this.#failure ?? error);
  }

  handleReadyForQuery(): void {
    if (this.#failure) this.callback(this.#failure);
    else this.callback(null, { rows: this.#rows });
  }
}
