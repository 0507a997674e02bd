ALTER TABLE "echo_revoked_tokens" DROP CONSTRAINT "echo_revoked_tokens_pkey";--> statement-breakpoint
ALTER TABLE "echo_revoked_tokens" ADD CONSTRAINT "echo_revoked_tokens_tenant_id_token_id_pk" PRIMARY KEY("tenant_id","token_id");--> statement-breakpoint
-- Names may be added, and erased with their person; not changed.
CREATE FUNCTION echo_audit_names_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'permission denied: names of the audit log are not changed' USING ERRCODE = 'insufficient_privilege';
END $$;--> statement-breakpoint
CREATE TRIGGER echo_audit_names_guard BEFORE UPDATE ON "echo_audit_names" FOR EACH ROW EXECUTE FUNCTION echo_audit_names_keep();
