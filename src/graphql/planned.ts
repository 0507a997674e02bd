import {
  defaultTypeResolver,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLAbstractType,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getVariableValues,
  isObjectType,
  locatedError,
  responsePathAsArray,
} from 'graphql';
import { type FieldPlan, type Form, noNull, type ObjectPlan, type OperationPlan } from './plan.ts';
import { isPromise, type MaybePromise } from './stages.ts';

type Path = GraphQLResolveInfo['path'];

/**
 * Executes an operation by its plan, with the answers of the usual executor.
 *
 * @returns null if a variable has a wrong value, which the usual executor tells
 */
export function executePlan(plan: OperationPlan, args: ExecutionArgs): MaybePromise<ExecutionResult> | null {
  const { schema, operation } = plan;
  const { coerced, errors } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    args.variableValues ?? {},
  );
  if (errors || !coerced) return null;
  const run: Run = { plan, context: args.contextValue, root: args.rootValue, variables: coerced, errors: [] };
  const shown = (data: unknown) => answer(run, data as Record<string, unknown>);
  const nothing = (error: GraphQLError) => {
    run.errors.push(error);
    return answer(run, null);
  };
  try {
    const data =
      operation.operation === 'mutation'
        ? showInTurn(run, plan.root, run.root)
        : show(run, plan.root, run.root, undefined);
    return isPromise(data) ? data.then(shown, nothing) : shown(data);
  } catch (error) {
    return nothing(error as GraphQLError);
  }
}

/** One execution. */
interface Run {
  readonly plan: OperationPlan;
  readonly context: unknown;
  readonly root: unknown;
  readonly variables: Record<string, unknown>;
  readonly errors: GraphQLError[];
}

function answer({ errors }: Run, data: Record<string, unknown> | null): ExecutionResult {
  return errors.length === 0 ? { data } : { errors, data };
}

/** All fields of an object, beside each other. */
function show(run: Run, plan: ObjectPlan, source: unknown, path: Path | undefined): unknown {
  const result: Record<string, unknown> = { ...plan.template };
  let waiting: Promise<unknown>[] | null = null;
  for (const field of plan.fields) {
    let value: unknown;
    try {
      value = fieldValue(run, field, source, path);
    } catch (error) {
      if (!waiting) throw error;
      return giveUp(waiting, error);
    }
    if (isPromise(value)) {
      waiting ??= [];
      waiting.push(putLater(result, field.key, value));
    } else result[field.key] = value;
  }
  return waiting ? whole(result, waiting) : result;
}

async function whole(result: Record<string, unknown>, waiting: Promise<unknown>[]): Promise<unknown> {
  await (waiting.length === 1 ? waiting[0] : Promise.all(waiting));
  return result;
}

/** The fields of a mutation, one after the other. */
async function showInTurn(run: Run, plan: ObjectPlan, source: unknown): Promise<unknown> {
  const result: Record<string, unknown> = { ...plan.template };
  for (const field of plan.fields) result[field.key] = await fieldValue(run, field, source, undefined);
  return result;
}

/** A field of an object. @throws GraphQLError where it cannot be had and cannot be null */
function fieldValue(run: Run, field: FieldPlan, source: unknown, parent: Path | undefined): unknown {
  const place = field.form.leaf ? null : new Place(run, field, parent);
  try {
    const value = resolved(run, field, source, parent, place);
    const shown = isPromise(value) ? later(place, field.form, value) : shownAt(place, field.form, value);
    return isPromise(shown) ? orFailed(run, field, parent, shown) : shown;
  } catch (error) {
    return failed(run, field, pathTo(parent, field), error);
  }
}

// Functions that wait are apart: where one is made, its surroundings are, too, whether or not it is called.

function later(place: Place | null, form: Form, value: Promise<unknown>, path?: Path): Promise<unknown> {
  return value.then((done) => shownAt(place, form, done, path));
}

function orFailed(run: Run, field: FieldPlan, parent: Path | undefined, shown: Promise<unknown>): unknown {
  return shown.then(undefined, (error: unknown) => failed(run, field, pathTo(parent, field), error));
}

function itemOrFailed({ run, field }: Place, form: Form, path: Path, shown: Promise<unknown>): unknown {
  return shown.then(undefined, (error: unknown) => failed(run, field, path, error, form));
}

function putLater(result: Record<string, unknown>, key: string, value: Promise<unknown>): Promise<void> {
  return value.then((done) => {
    result[key] = done;
  });
}

async function giveUp(waiting: readonly Promise<unknown>[], error: unknown): Promise<never> {
  // What else goes wrong below the same object is told nobody.
  await Promise.all(waiting).catch(() => undefined);
  throw error;
}

function resolved(
  run: Run,
  field: FieldPlan,
  source: unknown,
  parent: Path | undefined,
  place: Place | null,
): unknown {
  if (field.ofSource) return field.ofSource(source);
  if (field.property !== null) {
    if ((typeof source !== 'object' || source === null) && typeof source !== 'function') return undefined;
    const value = (source as Record<string, unknown>)[field.property];
    if (typeof value !== 'function') return value;
  }
  const { info } = place ?? new Place(run, field, parent);
  return field.resolve(source, field.argumentsWith(run.variables), run.context, info);
}

/** Where a field stands in the result, and what its resolver is told of that; made when it is asked for. */
class Place {
  readonly run: Run;
  readonly field: FieldPlan;
  readonly #parent: Path | undefined;
  #path: Path | null = null;
  #info: GraphQLResolveInfo | null = null;

  constructor(run: Run, field: FieldPlan, parent: Path | undefined) {
    this.run = run;
    this.field = field;
    this.#parent = parent;
  }

  get path(): Path {
    this.#path ??= pathTo(this.#parent, this.field);
    return this.#path;
  }

  get info(): GraphQLResolveInfo {
    const { run, field, path } = this;
    this.#info ??= {
      fieldName: field.definition.name,
      fieldNodes: field.nodes,
      returnType: field.definition.type,
      parentType: field.parent,
      path,
      schema: run.plan.schema,
      fragments: run.plan.fragments,
      rootValue: run.root,
      operation: run.plan.operation,
      variableValues: run.variables,
    };
    return this.#info;
  }
}

function pathTo(parent: Path | undefined, { key, parent: { name } }: FieldPlan): Path {
  return { prev: parent, key, typename: name };
}

/** What a value becomes in the result. @param place null: of a scalar or enum, which needs none */
function shownAt(place: Place | null, form: Form, value: unknown, path = place?.path): unknown {
  if (form.leaf) return form.leaf(value);
  const at = place as Place;
  if (value instanceof Error) throw value;
  if (value === null || value === undefined) {
    if (form.isNonNull) throw noNull(`${at.field.parent.name}.${at.field.definition.name}`);
    return null;
  }
  if (form.item) return listAt(at, form.item, value, path as Path);
  const { type } = form;
  if (isObjectType(type)) return objectAt(at, type, value, path as Path);
  const abstract = type as GraphQLAbstractType;
  const named = (abstract.resolveType ?? defaultTypeResolver)(value, at.run.context, at.info, abstract);
  return isPromise(named)
    ? onceNamed(named, at, abstract, value, path as Path)
    : objectAt(at, typeNamed(at, abstract, named), value, path as Path);
}

async function onceNamed(
  named: Promise<unknown>,
  place: Place,
  abstract: GraphQLAbstractType,
  value: unknown,
  path: Path,
): Promise<unknown> {
  return objectAt(place, typeNamed(place, abstract, await named), value, path);
}

function listAt(place: Place, form: Form, list: unknown, path: Path): unknown {
  const { run, field } = place;
  if (typeof list !== 'object' || list === null || !(Symbol.iterator in list))
    throw new GraphQLError(
      `Expected Iterable, but did not find one for field "${field.parent.name}.${field.definition.name}".`,
    );
  const shown: unknown[] = [];
  let waits = false;
  for (const item of list as Iterable<unknown>) {
    const here: Path = { prev: path, key: shown.length, typename: undefined };
    try {
      const done = isPromise(item) ? later(place, form, item, here) : shownAt(place, form, item, here);
      if (isPromise(done)) waits = true;
      shown.push(isPromise(done) ? itemOrFailed(place, form, here, done) : done);
    } catch (error) {
      // The list is given up: what still comes of it is told nobody.
      if (form.isNonNull && waits) void Promise.allSettled(shown);
      shown.push(failed(run, field, here, error, form));
    }
  }
  return waits ? Promise.all(shown) : shown;
}

function objectAt(place: Place, type: GraphQLObjectType, value: unknown, path: Path): unknown {
  const { run, field } = place;
  const isOfType = type.isTypeOf?.(value, run.context, place.info) ?? true;
  if (isPromise(isOfType)) return onceOfType(isOfType, place, type, value, path);
  return isOfType ? show(run, field.below(type), value, path) : refuse(type);
}

async function onceOfType(
  isOfType: Promise<boolean>,
  { run, field }: Place,
  type: GraphQLObjectType,
  value: unknown,
  path: Path,
): Promise<unknown> {
  return (await isOfType) ? show(run, field.below(type), value, path) : refuse(type);
}

/** What `isTypeOf` did not take for one of its own. */
function refuse({ name }: GraphQLObjectType): never {
  throw new GraphQLError(`Expected value of type "${name}", but got another.`);
}

/** The type that an interface or union says a value to have. @throws GraphQLError where that is none of its own */
function typeNamed({ run, field }: Place, abstract: GraphQLAbstractType, name: unknown): GraphQLObjectType {
  const { schema } = run.plan;
  const type = typeof name === 'string' ? schema.getType(name) : undefined;
  if (isObjectType(type) && schema.isSubType(abstract, type)) return type;
  const at = `${field.parent.name}.${field.definition.name}`;
  throw new GraphQLError(
    `Abstract type "${abstract.name}" was resolved to no type of its own for field "${at}".`,
  );
}

/**
 * Notes what went wrong, and where.
 *
 * @returns null
 * @throws GraphQLError where null is not possible: what is above becomes null
 */
function failed(run: Run, field: FieldPlan, path: Path, error: unknown, form: Form = field.form): null {
  const all = error instanceof AggregateError && form === field.form ? (error.errors as unknown[]) : [error];
  for (const each of all) {
    const located = locatedError(errorOf(each), field.nodes, responsePathAsArray(path));
    if (form.isNonNull) throw located;
    run.errors.push(located);
  }
  return null;
}

/** What is thrown need not be an error. */
function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const message = (thrown as { message?: unknown } | null | undefined)?.message;
  return new Error(typeof message === 'string' ? message : String(thrown));
}
