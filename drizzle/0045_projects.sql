CREATE TABLE "anime_echo_orchestrations" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"project" integer NOT NULL,
	"assembly_id" text NOT NULL,
	"task_id" text NOT NULL,
	"segments" jsonb NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"frames_per_second" integer NOT NULL,
	"file_hash" text,
	"file_size" bigint,
	"error" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "anime_echo_orchestrations_assembly_id_key" UNIQUE("assembly_id","tenant_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "anime_echo_project_bindings" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"project" integer NOT NULL,
	"character_name" text NOT NULL,
	"role" text,
	"bound_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "anime_echo_project_bindings_character_key" UNIQUE("project","character_name")
);
--> statement-breakpoint
CREATE TABLE "anime_project_memory" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"project" integer NOT NULL,
	"decision_id" text NOT NULL,
	"decision" text NOT NULL,
	"reason" text,
	"decided_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "anime_project_memory_decision_id_key" UNIQUE("decision_id","tenant_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "video_projects" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"project_id" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"frames_per_second" integer NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "video_projects_project_id_key" UNIQUE("project_id","tenant_id","user_id"),
	CONSTRAINT "video_projects_size_check" CHECK ("video_projects"."width" > 0 and "video_projects"."height" > 0)
);
--> statement-breakpoint
CREATE TABLE "video_segments" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"project" integer NOT NULL,
	"segment_id" text NOT NULL,
	"position" integer NOT NULL,
	"prompt" text NOT NULL,
	"duration_seconds" double precision NOT NULL,
	"character_name" text,
	"generation_id" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "video_segments_segment_id_key" UNIQUE("segment_id","tenant_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "anime_echo_orchestrations" ADD CONSTRAINT "anime_echo_orchestrations_project_video_projects_id_fk" FOREIGN KEY ("project") REFERENCES "public"."video_projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "anime_echo_project_bindings" ADD CONSTRAINT "anime_echo_project_bindings_project_video_projects_id_fk" FOREIGN KEY ("project") REFERENCES "public"."video_projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "anime_project_memory" ADD CONSTRAINT "anime_project_memory_project_video_projects_id_fk" FOREIGN KEY ("project") REFERENCES "public"."video_projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "video_segments" ADD CONSTRAINT "video_segments_project_video_projects_id_fk" FOREIGN KEY ("project") REFERENCES "public"."video_projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "anime_echo_orchestrations_project_idx" ON "anime_echo_orchestrations" USING btree ("project","id");--> statement-breakpoint
CREATE INDEX "anime_echo_orchestrations_user_idx" ON "anime_echo_orchestrations" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "anime_echo_project_bindings_user_idx" ON "anime_echo_project_bindings" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "anime_project_memory_project_idx" ON "anime_project_memory" USING btree ("project","id");--> statement-breakpoint
CREATE INDEX "anime_project_memory_user_idx" ON "anime_project_memory" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "video_projects_user_idx" ON "video_projects" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "video_segments_project_idx" ON "video_segments" USING btree ("project","position");--> statement-breakpoint
CREATE INDEX "video_segments_user_idx" ON "video_segments" USING btree ("user_id","tenant_id");