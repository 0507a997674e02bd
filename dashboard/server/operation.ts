/** The text of an operation, which knows what it takes and gives. */
export type Operation<Data, Variables> = string & { readonly of?: (variables: Variables) => Data };
