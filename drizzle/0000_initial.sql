CREATE TABLE "autonomous_tasks" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"task_id" text NOT NULL,
	"task_type" text,
	"name" text NOT NULL,
	"description" text,
	"priority" integer DEFAULT 0 NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"payload" jsonb,
	"scheduled_for" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone,
	"result" jsonb,
	"error" text,
	"retry_count" integer DEFAULT 0 NOT NULL,
	"max_retries" integer DEFAULT 3 NOT NULL,
	"timeout" integer DEFAULT 300 NOT NULL,
	CONSTRAINT "autonomous_tasks_status_check" CHECK ("autonomous_tasks"."status" in ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'))
);
--> statement-breakpoint
CREATE TABLE "character_profiles" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"character_name" varchar(100) NOT NULL,
	"aliases" text[] DEFAULT '{}'::text[] NOT NULL,
	"creator" varchar(100) NOT NULL,
	"source_franchise" varchar(200) NOT NULL,
	"character_type" varchar(50) DEFAULT 'original' NOT NULL,
	"age" integer,
	"gender" varchar(20),
	"physical_description" text,
	"height" varchar(20),
	"build" varchar(50),
	"hair_color" varchar(100),
	"hair_style" varchar(100),
	"eye_color" varchar(100),
	"distinctive_features" text,
	"personality_traits" text,
	"background_story" text,
	"occupation" varchar(100),
	"skills_abilities" text,
	"relationships" text,
	"visual_style" varchar(100),
	"art_style" varchar(100),
	"reference_images" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"style_elements" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"generation_prompts" text,
	"generation_count" integer DEFAULT 0 NOT NULL,
	"consistency_score" numeric(3, 2) DEFAULT 0 NOT NULL,
	"last_generated" timestamp (3) with time zone,
	"conversation_mentions" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"notes" text,
	"is_active" boolean DEFAULT true NOT NULL,
	CONSTRAINT "character_profiles_consistency_check" CHECK ("character_profiles"."consistency_score" between 0 and 1)
);
--> statement-breakpoint
CREATE TABLE "echo_conversations" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"conversation_id" varchar(100) NOT NULL,
	"user_id" varchar(100) DEFAULT 'default' NOT NULL,
	"episode_id" varchar(255),
	"last_mode" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_interaction" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"intent_history" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"context" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"next_sequence" integer DEFAULT 1 NOT NULL,
	"chain_hash" "bytea",
	CONSTRAINT "echo_conversations_mode_check" CHECK ("echo_conversations"."last_mode" in ('plain_english', 'founder_takeaway', 'engineer_angle'))
);
--> statement-breakpoint
CREATE TABLE "echo_events" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"kind" text NOT NULL,
	"conversation_id" text,
	"turn_id" uuid,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"origin" text,
	"origin_number" integer,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "echo_unified_interactions" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"turn_id" uuid NOT NULL,
	"conversation_id" varchar(100) NOT NULL,
	"sequence" integer NOT NULL,
	"user_id" varchar(100) DEFAULT 'default' NOT NULL,
	"query" text NOT NULL,
	"response" text NOT NULL,
	"speaker" varchar(100),
	"responder" varchar(100),
	"model_used" varchar(100) NOT NULL,
	"intelligence_level" text,
	"processing_time" double precision NOT NULL,
	"escalation_path" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"intent" varchar(50),
	"confidence" double precision,
	"requires_clarification" boolean DEFAULT false NOT NULL,
	"clarifying_questions" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"timestamp" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"session_id" varchar(255),
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"status" text DEFAULT 'ANSWERED' NOT NULL,
	"idempotency_key" varchar(255),
	"payload_hash" "bytea" NOT NULL,
	"chain_hash" "bytea" NOT NULL,
	"completion_hash" "bytea",
	"step_timings" jsonb,
	"tokens_in" integer,
	"tokens_out" integer,
	"cost" numeric(12, 6),
	"character_id" integer,
	"rating" real,
	"rating_comment" varchar(500),
	"vector_state" text DEFAULT 'PENDING' NOT NULL,
	"vector_lease_token" uuid,
	"vector_lease_until" timestamp (3) with time zone,
	"vector_attempts" integer DEFAULT 0 NOT NULL,
	"vector_model" text,
	"vector_error" text,
	"vector_updated_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "echo_interactions_status_check" CHECK ("echo_unified_interactions"."status" in ('PROCESSING', 'ANSWERED', 'INTERRUPTED', 'FAILED', 'RECORDED')),
	CONSTRAINT "echo_interactions_vector_check" CHECK ("echo_unified_interactions"."vector_state" in ('PENDING', 'LEASED', 'EMBEDDED', 'FAILED')),
	CONSTRAINT "echo_interactions_confidence_check" CHECK ("echo_unified_interactions"."confidence" between 0 and 1),
	CONSTRAINT "echo_interactions_rating_check" CHECK ("echo_unified_interactions"."rating" between -1 and 1)
);
--> statement-breakpoint
CREATE TABLE "echo_media_insights" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"file_path" text NOT NULL,
	"file_hash" text NOT NULL,
	"perceptual_hash" text,
	"media_type" varchar(50) NOT NULL,
	"width" integer,
	"height" integer,
	"file_size" bigint,
	"date_taken" timestamp (3) with time zone,
	"date_indexed" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"visual_analysis" jsonb,
	"character_references" jsonb,
	"style_preferences" jsonb,
	"color_palette" jsonb,
	"composition_notes" text,
	"learned_by_echo" boolean DEFAULT false NOT NULL,
	"quality_score" real,
	"categories" text[] DEFAULT '{}'::text[] NOT NULL,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"location_data" jsonb,
	"camera_metadata" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "autonomous_tasks_task_id_key" ON "autonomous_tasks" USING btree ("task_id");--> statement-breakpoint
CREATE INDEX "autonomous_tasks_queue_idx" ON "autonomous_tasks" USING btree ("status","priority","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "character_profiles_character_name_key" ON "character_profiles" USING btree ("character_name","tenant_id");--> statement-breakpoint
CREATE INDEX "character_profiles_creator_idx" ON "character_profiles" USING btree ("creator");--> statement-breakpoint
CREATE INDEX "character_profiles_source_franchise_idx" ON "character_profiles" USING btree ("source_franchise");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_conversations_conversation_id_key" ON "echo_conversations" USING btree ("conversation_id","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_conversations_episode_idx" ON "echo_conversations" USING btree ("user_id","tenant_id","episode_id");--> statement-breakpoint
CREATE INDEX "echo_conversations_recent_idx" ON "echo_conversations" USING btree ("user_id","tenant_id","last_interaction","id");--> statement-breakpoint
CREATE INDEX "echo_events_cursor_idx" ON "echo_events" USING btree ("xid","id");--> statement-breakpoint
CREATE INDEX "echo_events_kind_idx" ON "echo_events" USING btree ("kind","tenant_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_events_origin_key" ON "echo_events" USING btree ("origin","origin_number");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_interactions_turn_id_key" ON "echo_unified_interactions" USING btree ("turn_id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_interactions_conversation_sequence_key" ON "echo_unified_interactions" USING btree ("conversation_id","tenant_id","sequence");--> statement-breakpoint
CREATE INDEX "echo_interactions_user_time_idx" ON "echo_unified_interactions" USING btree ("user_id","tenant_id","timestamp","id");--> statement-breakpoint
CREATE INDEX "echo_interactions_search_idx" ON "echo_unified_interactions" USING gin (to_tsvector('english'::regconfig, coalesce("speaker", '') || ' ' || "query" || ' ' || left("response", 100000)));--> statement-breakpoint
CREATE INDEX "echo_interactions_vector_queue_idx" ON "echo_unified_interactions" USING btree ("id") WHERE "echo_unified_interactions"."vector_state" <> 'EMBEDDED';--> statement-breakpoint
CREATE UNIQUE INDEX "echo_media_insights_file_hash_key" ON "echo_media_insights" USING btree ("file_hash","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_media_insights_learned_idx" ON "echo_media_insights" USING btree ("learned_by_echo");--> statement-breakpoint
CREATE INDEX "echo_media_insights_quality_idx" ON "echo_media_insights" USING btree ("quality_score");