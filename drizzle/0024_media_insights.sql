CREATE TABLE "echo_media_files" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"path" "bytea" NOT NULL,
	"path_hash" "bytea" GENERATED ALWAYS AS (sha256(path)) STORED,
	"shown_path" text NOT NULL,
	"file_hash" text,
	"size" bigint,
	"modified_ns" bigint,
	"device" text,
	"inode" text,
	"state" text NOT NULL,
	"problem" text,
	"failures" integer DEFAULT 0 NOT NULL,
	"reader_version" integer NOT NULL,
	"seen_in_task" text,
	"seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "echo_media_files_state_check" CHECK ("echo_media_files"."state" in ('PRESENT', 'VANISHED', 'BROKEN', 'UNREADABLE', 'IGNORED'))
);
--> statement-breakpoint
CREATE TABLE "echo_media_pairs" (
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"first" integer NOT NULL,
	"second" integer NOT NULL,
	"distance" smallint NOT NULL,
	CONSTRAINT "echo_media_pairs_first_second_pk" PRIMARY KEY("first","second")
);
--> statement-breakpoint
DROP INDEX "echo_media_insights_file_hash_key";--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "user_id" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "state" text DEFAULT 'PRESENT' NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "perceptual_bits" bigint;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "band_a" smallint GENERATED ALWAYS AS (((perceptual_bits >> 51) & 8191)::smallint) STORED;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "band_b" smallint GENERATED ALWAYS AS (((perceptual_bits >> 38) & 8191)::smallint) STORED;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "band_c" smallint GENERATED ALWAYS AS (((perceptual_bits >> 25) & 8191)::smallint) STORED;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "band_d" smallint GENERATED ALWAYS AS (((perceptual_bits >> 12) & 8191)::smallint) STORED;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "band_e" smallint GENERATED ALWAYS AS (((perceptual_bits >> 0) & 4095)::smallint) STORED;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "duration_seconds" double precision;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "date_taken_local" text;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "date_taken_offset" text;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "date_taken_source" text;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "analysis_tier" text DEFAULT 'FILE' NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "analysis_method" text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "analysis_confidence" real DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "analysis_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "analysis_problem" text;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "reader_version" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "rule_tags" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "model_tags" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "search_terms" text[] DEFAULT '{}'::text[] NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "latitude" double precision;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "longitude" double precision;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "camera_make" text;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "camera_model" text;--> statement-breakpoint
ALTER TABLE "echo_media_pairs" ADD CONSTRAINT "echo_media_pairs_first_echo_media_insights_id_fk" FOREIGN KEY ("first") REFERENCES "public"."echo_media_insights"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "echo_media_pairs" ADD CONSTRAINT "echo_media_pairs_second_echo_media_insights_id_fk" FOREIGN KEY ("second") REFERENCES "public"."echo_media_insights"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "echo_media_files_path_key" ON "echo_media_files" USING btree ("path_hash","tenant_id","user_id");--> statement-breakpoint
CREATE INDEX "echo_media_files_hash_idx" ON "echo_media_files" USING btree ("file_hash","tenant_id","user_id");--> statement-breakpoint
CREATE INDEX "echo_media_files_user_idx" ON "echo_media_files" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "echo_media_pairs_second_idx" ON "echo_media_pairs" USING btree ("second");--> statement-breakpoint
CREATE INDEX "echo_media_pairs_user_idx" ON "echo_media_pairs" USING btree ("user_id","tenant_id","distance");--> statement-breakpoint
CREATE INDEX "echo_media_insights_user_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "echo_media_insights_taken_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","date_taken","id");--> statement-breakpoint
CREATE INDEX "echo_media_insights_place_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","latitude","longitude");--> statement-breakpoint
CREATE INDEX "echo_media_insights_terms_idx" ON "echo_media_insights" USING gin ("search_terms");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_a_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_a");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_b_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_b");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_c_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_c");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_d_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_d");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_e_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_e");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_media_insights_file_hash_key" ON "echo_media_insights" USING btree ("file_hash","tenant_id","user_id");--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD CONSTRAINT "echo_media_insights_state_check" CHECK ("echo_media_insights"."state" in ('PRESENT', 'VANISHED', 'BROKEN'));--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD CONSTRAINT "echo_media_insights_tier_check" CHECK ("echo_media_insights"."analysis_tier" in ('MODEL', 'FEATURES', 'FILE'));--> statement-breakpoint
ALTER TABLE "echo_media_insights" ALTER COLUMN "user_id" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ALTER COLUMN "state" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ALTER COLUMN "analysis_tier" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ALTER COLUMN "analysis_method" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ALTER COLUMN "analysis_confidence" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ALTER COLUMN "reader_version" DROP DEFAULT;--> statement-breakpoint
CREATE TRIGGER echo_audit_media_changed AFTER UPDATE OF "tags", "learned_by_echo" ON "echo_media_insights" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('media.change', 'file_hash', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_media_forgotten AFTER DELETE ON "echo_media_insights" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('media.forget', 'file_hash', 'user_id');
