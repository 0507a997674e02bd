import type { Duty } from '../../db/duty.ts';
import type { Ports } from '../../ground/ports.ts';
import { TenantBook } from './book.ts';
import { TenantQuotas } from './quotas.ts';
import { kindsOf, type StoredKind } from './storage.ts';

interface TenantParts {
  readonly tenants: TenantBook;
  readonly quotas: TenantQuotas;
  /** Tables whose rows are tenants'. */
  readonly storedKinds: readonly StoredKind[];
}

declare module '../../graphql/context.ts' {
  interface Services extends TenantParts {}
}

/** What tenants may do and have; reads when somebody asks. */
export function openTenants({
  db,
  availability,
  duties,
  store: { pending },
}: Pick<Ports, 'db' | 'availability'> & {
  readonly duties: readonly Duty[];
  readonly store: { readonly pending: { isWaiting(turnId: string): boolean } };
}): TenantParts {
  const tenants = new TenantBook(db, availability);
  const storedKinds = kindsOf(duties);
  const quotas = new TenantQuotas({
    ...{ db, availability, tenants, kinds: storedKinds },
    isWaiting: (turnId) => pending.isWaiting(turnId),
  });
  return { tenants, quotas, storedKinds };
}
