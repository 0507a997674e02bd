CREATE TABLE "brief_attempts" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"brief" integer NOT NULL,
	"number" integer NOT NULL,
	"writer" text NOT NULL,
	"output" text NOT NULL,
	"finish_reason" text,
	"model" text,
	"writing_template" text,
	"writing_ms" integer,
	"writing_tokens_in" integer,
	"writing_tokens_out" integer,
	"writing_cost" numeric(12, 6),
	"written_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"judge" text,
	"judging_template" text,
	"judgings" integer DEFAULT 0 NOT NULL,
	"judging_ms" integer,
	"judging_tokens_in" integer,
	"judging_tokens_out" integer,
	"judging_cost" numeric(12, 6),
	"clarity" integer,
	"accuracy" integer,
	"completeness" integer,
	"tone" integer,
	"critique" text,
	"judging_problem" text,
	"judged_at" timestamp (3) with time zone,
	CONSTRAINT "brief_attempts_number_key" UNIQUE("brief","number"),
	CONSTRAINT "brief_attempts_scores_check" CHECK (num_nulls("brief_attempts"."clarity", "brief_attempts"."accuracy", "brief_attempts"."completeness", "brief_attempts"."tone") in (0, 4)
        and coalesce(least("brief_attempts"."clarity", "brief_attempts"."accuracy", "brief_attempts"."completeness", "brief_attempts"."tone"), 0) >= 0
        and coalesce(greatest("brief_attempts"."clarity", "brief_attempts"."accuracy", "brief_attempts"."completeness", "brief_attempts"."tone"), 0) <= 100)
);
--> statement-breakpoint
CREATE TABLE "briefs" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"brief_id" text NOT NULL,
	"task_id" text NOT NULL,
	"title" text,
	"text" text NOT NULL,
	"state" text DEFAULT 'OPEN' NOT NULL,
	"review_reason" text,
	"chosen" integer,
	"decided_at" timestamp (3) with time zone,
	"note" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "briefs_brief_id_key" UNIQUE("brief_id","tenant_id","user_id"),
	CONSTRAINT "briefs_state_check" CHECK ("briefs"."state" in ('OPEN', 'PASSED', 'NEEDS_REVIEW', 'APPROVED', 'REJECTED'))
);
--> statement-breakpoint
ALTER TABLE "brief_attempts" ADD CONSTRAINT "brief_attempts_brief_briefs_id_fk" FOREIGN KEY ("brief") REFERENCES "public"."briefs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "brief_attempts_user_idx" ON "brief_attempts" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "brief_attempts_day_idx" ON "brief_attempts" USING btree ("tenant_id","written_at");--> statement-breakpoint
CREATE INDEX "briefs_user_idx" ON "briefs" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "briefs_user_created_idx" ON "briefs" USING btree ("user_id","tenant_id","created_at");