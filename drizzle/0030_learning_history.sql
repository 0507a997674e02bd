CREATE TABLE "learning_refusals" (
	"run" integer NOT NULL,
	"turn_id" uuid NOT NULL,
	"field" text NOT NULL,
	"reason" text NOT NULL,
	"count" integer NOT NULL,
	CONSTRAINT "learning_refusals_run_turn_id_reason_field_pk" PRIMARY KEY("run","turn_id","reason","field"),
	CONSTRAINT "learning_refusals_count_check" CHECK ("learning_refusals"."count" > 0)
);
--> statement-breakpoint
CREATE TABLE "learning_history" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"run_id" uuid NOT NULL,
	"task_id" uuid NOT NULL,
	"started_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"turns_seen" integer DEFAULT 0 NOT NULL,
	"added" integer DEFAULT 0 NOT NULL,
	"merged" integer DEFAULT 0 NOT NULL,
	"superseded" integer DEFAULT 0 NOT NULL,
	"refused" integer DEFAULT 0 NOT NULL,
	"failed_batches" integer DEFAULT 0 NOT NULL,
	"model_used" text,
	"tokens_in" integer,
	"tokens_out" integer,
	"cost" numeric(12, 6),
	CONSTRAINT "learning_history_run_id_unique" UNIQUE("run_id")
);
--> statement-breakpoint
ALTER TABLE "echo_unified_interactions" ADD COLUMN "learning_state" text DEFAULT 'PENDING' NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_unified_interactions" ADD COLUMN "learning_lease_token" uuid;--> statement-breakpoint
ALTER TABLE "echo_unified_interactions" ADD COLUMN "learning_lease_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "echo_unified_interactions" ADD COLUMN "learning_since" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "learning_refusals" ADD CONSTRAINT "learning_refusals_run_learning_history_id_fk" FOREIGN KEY ("run") REFERENCES "public"."learning_history"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "learning_history_task_key" ON "learning_history" USING btree ("task_id","user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "learning_history_user_idx" ON "learning_history" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "echo_interactions_learning_queue_idx" ON "echo_unified_interactions" USING btree ("tenant_id","user_id","id") WHERE "echo_unified_interactions"."learning_state" <> 'LEARNED';--> statement-breakpoint
CREATE INDEX "echo_interactions_learning_since_idx" ON "echo_unified_interactions" USING btree ("learning_since") WHERE "echo_unified_interactions"."learning_state" <> 'LEARNED';--> statement-breakpoint
ALTER TABLE "echo_unified_interactions" ADD CONSTRAINT "echo_interactions_learning_check" CHECK ("learning_state" in ('PENDING', 'LEASED', 'LEARNED'));--> statement-breakpoint
-- The archive inherits columns and checks, not indexes.
CREATE INDEX "echo_interactions_archive_learning_queue_idx" ON "echo_unified_interactions_archive" USING btree ("tenant_id","user_id","id") WHERE "learning_state" <> 'LEARNED';--> statement-breakpoint
CREATE INDEX "echo_interactions_archive_learning_since_idx" ON "echo_unified_interactions_archive" USING btree ("learning_since") WHERE "learning_state" <> 'LEARNED';
