-- Numbers of transactions as events and the audit log order them: the cluster's own, moved on where the database was
-- loaded into another cluster, which counts anew. The server replaces these functions then.
CREATE FUNCTION echo_transaction_id() RETURNS xid8 LANGUAGE sql STABLE AS $$ SELECT (pg_current_xact_id()::text::bigint + 0)::text::xid8 $$;--> statement-breakpoint
-- Below it every transaction has ended.
CREATE FUNCTION echo_horizon() RETURNS xid8 LANGUAGE sql STABLE AS $$ SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + 0)::text::xid8 $$;--> statement-breakpoint
ALTER TABLE "echo_audit_log" ALTER COLUMN "xid" SET DEFAULT echo_transaction_id();--> statement-breakpoint
ALTER TABLE "echo_events" ALTER COLUMN "xid" SET DEFAULT echo_transaction_id();