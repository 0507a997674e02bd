/** What tenants as a whole may do now. */
export interface Tenancy {
  /** @throws Forbidden where only tenants that were created may call, and this is none */
  admit(tenantId: string): Promise<void>;
  /** @throws TenantSuspended */
  checkWriting(tenantId: string): Promise<void>;
}
