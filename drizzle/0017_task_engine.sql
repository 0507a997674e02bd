CREATE TABLE "task_attempts" (
	"task" integer NOT NULL,
	"number" integer NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"worker" text NOT NULL,
	"error" text,
	CONSTRAINT "task_attempts_task_number_pk" PRIMARY KEY("task","number")
);
--> statement-breakpoint
CREATE TABLE "task_steps" (
	"task" integer NOT NULL,
	"step" text NOT NULL,
	"attempt" integer NOT NULL,
	"result" jsonb,
	"done_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "task_steps_task_step_pk" PRIMARY KEY("task","step")
);
--> statement-breakpoint
DROP INDEX "autonomous_tasks_queue_idx";--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ALTER COLUMN "priority" SET DEFAULT 1;--> statement-breakpoint
-- Of programs that wrote here before there was an engine: any number.
UPDATE "autonomous_tasks" SET "priority" = least(3, greatest(0, "priority")) WHERE "priority" NOT BETWEEN 0 AND 3;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "user_id" text;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "created_by" text DEFAULT '(unknown)' NOT NULL;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "due_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "attempt" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "lost_count" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "worker" text;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "lease_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "cancel_requested_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "retried_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "progress_done" integer;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "progress_total" integer;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "progress_note" text;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "idempotency_key" text;--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "request_hash" "bytea";--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD COLUMN "queue_owner" text GENERATED ALWAYS AS (tenant_id || chr(10) || coalesce(user_id, '')) STORED NOT NULL;--> statement-breakpoint
ALTER TABLE "task_attempts" ADD CONSTRAINT "task_attempts_task_autonomous_tasks_id_fk" FOREIGN KEY ("task") REFERENCES "public"."autonomous_tasks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "task_steps" ADD CONSTRAINT "task_steps_task_autonomous_tasks_id_fk" FOREIGN KEY ("task") REFERENCES "public"."autonomous_tasks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "autonomous_tasks_idempotency_key" ON "autonomous_tasks" USING btree ("queue_owner","idempotency_key");--> statement-breakpoint
CREATE INDEX "autonomous_tasks_list_idx" ON "autonomous_tasks" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "autonomous_tasks_due_idx" ON "autonomous_tasks" USING btree ("due_at") WHERE status = 'PENDING';--> statement-breakpoint
CREATE INDEX "autonomous_tasks_running_idx" ON "autonomous_tasks" USING btree ("lease_until") WHERE status = 'RUNNING';--> statement-breakpoint
CREATE INDEX "autonomous_tasks_served_idx" ON "autonomous_tasks" USING btree ("queue_owner","started_at");--> statement-breakpoint
CREATE INDEX "autonomous_tasks_queue_idx" ON "autonomous_tasks" USING btree ("queue_owner","priority","due_at","id") WHERE status = 'PENDING';--> statement-breakpoint
ALTER TABLE "autonomous_tasks" ADD CONSTRAINT "autonomous_tasks_priority_check" CHECK ("autonomous_tasks"."priority" between 0 and 3);--> statement-breakpoint
CREATE TRIGGER echo_audit_task_created AFTER INSERT ON "autonomous_tasks" FOR EACH ROW
	WHEN (NEW.user_id IS NOT NULL) EXECUTE FUNCTION echo_audit_row('task.create', 'task_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_task_cancelled AFTER UPDATE OF cancel_requested_at ON "autonomous_tasks" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('task.cancel', 'task_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_task_retried AFTER UPDATE OF retried_at ON "autonomous_tasks" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('task.retry', 'task_id', 'user_id');
