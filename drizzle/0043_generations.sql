CREATE TABLE "anime_generation_history" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"generation_id" text NOT NULL,
	"task_id" text NOT NULL,
	"character_id" integer,
	"character_name" text,
	"asked" text NOT NULL,
	"prompt" text NOT NULL,
	"negative_prompt" text NOT NULL,
	"workflow" text NOT NULL,
	"seed" bigint NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"run_id" text,
	"files" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"error" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "anime_generation_history_generation_id_key" UNIQUE("generation_id","tenant_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "anime_qc_feedback" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"generation" integer NOT NULL,
	"character_id" integer,
	"identity" numeric(4, 3),
	"style" numeric(4, 3),
	"quality" numeric(4, 3),
	"comment" text,
	"rated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "anime_qc_feedback_generation_key" UNIQUE("generation"),
	CONSTRAINT "anime_qc_feedback_scores_check" CHECK (coalesce("anime_qc_feedback"."identity", 0) between 0 and 1 and coalesce("anime_qc_feedback"."style", 0) between 0 and 1 and coalesce("anime_qc_feedback"."quality", 0) between 0 and 1)
);
--> statement-breakpoint
ALTER TABLE "anime_qc_feedback" ADD CONSTRAINT "anime_qc_feedback_generation_anime_generation_history_id_fk" FOREIGN KEY ("generation") REFERENCES "public"."anime_generation_history"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "anime_generation_history_user_idx" ON "anime_generation_history" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "anime_generation_history_character_idx" ON "anime_generation_history" USING btree ("character_id","tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "anime_qc_feedback_user_idx" ON "anime_qc_feedback" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "anime_qc_feedback_character_idx" ON "anime_qc_feedback" USING btree ("character_id","tenant_id","rated_at");