import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  type RootName,
  type SchemaTypes,
} from '@pothos/core';
import type { GraphQLFieldResolver, GraphQLResolveInfo } from 'graphql';
import type { Permission, Principal } from '../access/principals.ts';
import { Forbidden } from '../errors.ts';

/** What callers need for a field, or for all fields of a root type. */
interface AuthScopes {
  readonly permission: Permission;
}

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      permitted: PermittedPlugin<Types>;
    }
    export interface RootTypeOptions<Types extends SchemaTypes, Type extends RootName> {
      authScopes?: AuthScopes;
    }
    export interface FieldOptions {
      authScopes?: AuthScopes;
    }
  }
}

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

/**
 * Refuses fields to callers without the permission that the field or its root type asks for, before anything of the field is done; of
 * subscriptions when they begin.
 *
 * Nothing is remembered by the context of an operation: what a `WeakMap` has for it outlives the collection of young objects, and with
 * it all that the operation has read.
 */
export class PermittedPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(resolve: Resolver<Types>, field: PothosOutputFieldConfig<Types>): Resolver<Types> {
    return field.kind === 'Subscription' ? resolve : this.#permitted(resolve, field);
  }

  override wrapSubscribe(
    subscribe: Resolver<Types> | undefined,
    field: PothosOutputFieldConfig<Types>,
  ): Resolver<Types> | undefined {
    return subscribe && field.kind === 'Subscription' ? this.#permitted(subscribe, field) : subscribe;
  }

  #permitted(resolve: Resolver<Types>, field: PothosOutputFieldConfig<Types>): Resolver<Types> {
    const type = this.buildCache.getTypeConfig(field.parentType);
    const needed = [type.pothosOptions, field.pothosOptions].flatMap(
      (options) => (options as { readonly authScopes?: AuthScopes }).authScopes?.permission ?? [],
    );
    if (needed.length === 0) return resolve;
    return (parent, args, context, info) => {
      for (const permission of needed) check(context as { readonly principal: Principal }, permission, info);
      return resolve(parent, args, context, info);
    };
  }
}

/** @throws Forbidden */
function check(
  { principal }: { readonly principal: Principal },
  permission: Permission,
  info: GraphQLResolveInfo,
) {
  if (principal.permissions.includes(permission)) return;
  throw new Forbidden(`${info.fieldName}: this needs a permission that the caller does not have`);
}

SchemaBuilder.registerPlugin('permitted', PermittedPlugin);
