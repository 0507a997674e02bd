CREATE TABLE "echo_user_settings" (
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"time_zone" text,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "echo_user_settings_user_id_tenant_id_pk" PRIMARY KEY("user_id","tenant_id")
);
--> statement-breakpoint
CREATE TRIGGER echo_audit_settings_changed AFTER INSERT OR UPDATE ON "echo_user_settings" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('settings.change', 'user_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_settings_removed AFTER DELETE ON "echo_user_settings" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('settings.remove', 'user_id', 'user_id');
