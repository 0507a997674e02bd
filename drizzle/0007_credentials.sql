CREATE TABLE "echo_authenticators" (
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"secret" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"enrolled_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_step" bigint DEFAULT 0 NOT NULL,
	"wrong" integer DEFAULT 0 NOT NULL,
	"wrong_at" timestamp (3) with time zone,
	CONSTRAINT "echo_authenticators_tenant_id_user_id_pk" PRIMARY KEY("tenant_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "echo_credentials" (
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"name" text NOT NULL,
	"value" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"last_four" text,
	"version" integer DEFAULT 1 NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_by" text NOT NULL,
	CONSTRAINT "echo_credentials_tenant_id_name_pk" PRIMARY KEY("tenant_id","name")
);
--> statement-breakpoint
-- Not logged: after a crash of the database the minute begins anew.
CREATE UNLOGGED TABLE "echo_rate_limits" (
	"key" varchar(255) PRIMARY KEY NOT NULL,
	"points" integer DEFAULT 0 NOT NULL,
	"expire" bigint
);
--> statement-breakpoint
CREATE TRIGGER echo_audit_credential_stored AFTER INSERT ON "echo_credentials" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('credential.store', 'name');--> statement-breakpoint
CREATE TRIGGER echo_audit_credential_replaced AFTER UPDATE ON "echo_credentials" FOR EACH ROW
	WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION echo_audit_row('credential.store', 'name');--> statement-breakpoint
CREATE TRIGGER echo_audit_credential_rekeyed AFTER UPDATE ON "echo_credentials" FOR EACH ROW
	WHEN (OLD.version = NEW.version AND OLD.key_id <> NEW.key_id) EXECUTE FUNCTION echo_audit_row('credential.rekey', 'name');--> statement-breakpoint
CREATE TRIGGER echo_audit_credential_deleted AFTER DELETE ON "echo_credentials" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('credential.delete', 'name');--> statement-breakpoint
CREATE TRIGGER echo_audit_authenticator_made AFTER INSERT ON "echo_authenticators" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('authenticator.enrol', 'user_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_authenticator_replaced AFTER UPDATE ON "echo_authenticators" FOR EACH ROW
	WHEN (OLD.enrolled_at <> NEW.enrolled_at) EXECUTE FUNCTION echo_audit_row('authenticator.enrol', 'user_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_authenticator_rekeyed AFTER UPDATE ON "echo_authenticators" FOR EACH ROW
	WHEN (OLD.enrolled_at = NEW.enrolled_at AND OLD.key_id <> NEW.key_id) EXECUTE FUNCTION echo_audit_row('authenticator.rekey', 'user_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_authenticator_removed AFTER DELETE ON "echo_authenticators" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('authenticator.remove', 'user_id', 'user_id');
--> statement-breakpoint
CREATE TRIGGER echo_audit_names_truncate BEFORE TRUNCATE ON "echo_audit_names" FOR EACH STATEMENT EXECUTE FUNCTION echo_audit_names_keep();
