CREATE TABLE "repair_actions" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"action_id" uuid NOT NULL,
	"action_type" text NOT NULL,
	"target" text NOT NULL,
	"dry_run" boolean NOT NULL,
	"outcome" text NOT NULL,
	"success" boolean GENERATED ALWAYS AS (case when outcome = 'SUCCEEDED' then true when outcome in ('FAILED', 'REFUSED') then false end) STORED,
	"problem" text,
	"before_metrics" jsonb,
	"after_metrics" jsonb,
	"requested_by" text NOT NULL,
	"task_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"host" text NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	CONSTRAINT "repair_actions_action_id_unique" UNIQUE("action_id"),
	CONSTRAINT "repair_actions_type_check" CHECK ("repair_actions"."action_type" in ('service_restart', 'disk_cleanup', 'log_rotation', 'process_kill')),
	CONSTRAINT "repair_actions_outcome_check" CHECK ("repair_actions"."outcome" in ('STARTED', 'SUCCEEDED', 'FAILED', 'REFUSED', 'UNKNOWN'))
);
--> statement-breakpoint
CREATE TABLE "restart_cooldowns" (
	"action_type" text NOT NULL,
	"service_name" text NOT NULL,
	"last_restart" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "restart_cooldowns_action_type_service_name_pk" PRIMARY KEY("action_type","service_name")
);
--> statement-breakpoint
CREATE INDEX "repair_actions_list_idx" ON "repair_actions" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "repair_actions_target_idx" ON "repair_actions" USING btree ("action_type","target","started_at");--> statement-breakpoint
CREATE INDEX "repair_actions_task_idx" ON "repair_actions" USING btree ("task_id");--> statement-breakpoint
CREATE TRIGGER echo_audit_repair_begun AFTER INSERT ON "repair_actions" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('repair.begin', 'action_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_repair_ended AFTER UPDATE OF "outcome" ON "repair_actions" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('repair.end', 'action_id');
