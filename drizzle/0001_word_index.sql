CREATE TABLE "echo_index_documents" (
	"owner_id" integer NOT NULL,
	"document" integer NOT NULL,
	"interaction_id" integer NOT NULL,
	CONSTRAINT "echo_index_documents_owner_id_document_pk" PRIMARY KEY("owner_id","document")
);
--> statement-breakpoint
CREATE TABLE "echo_index_owners" (
	"owner_id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "echo_index_owners_owner_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"next_document" integer DEFAULT 0 NOT NULL,
	"speakers" text[] DEFAULT '{}' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "echo_index_postings" (
	"owner_id" integer NOT NULL,
	"term" text COLLATE "C" NOT NULL,
	"segment" integer NOT NULL,
	"saying" integer NOT NULL,
	"data" "bytea" NOT NULL,
	CONSTRAINT "echo_index_postings_owner_id_term_segment_pk" PRIMARY KEY("owner_id","term","segment")
);
--> statement-breakpoint
CREATE TABLE "echo_index_queue" (
	"interaction_id" integer PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"queued_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "echo_index_removals" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "echo_index_removals_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"interaction_id" integer NOT NULL,
	"document" integer
);
--> statement-breakpoint
CREATE TABLE "echo_index_segments" (
	"owner_id" integer NOT NULL,
	"segment" integer NOT NULL,
	"documents" integer NOT NULL,
	"level" smallint NOT NULL,
	CONSTRAINT "echo_index_segments_owner_id_segment_pk" PRIMARY KEY("owner_id","segment")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "echo_index_documents_interaction_key" ON "echo_index_documents" USING btree ("interaction_id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_index_owners_user_key" ON "echo_index_owners" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_index_postings_segment_idx" ON "echo_index_postings" USING btree ("owner_id","segment");--> statement-breakpoint
CREATE INDEX "echo_index_queue_user_idx" ON "echo_index_queue" USING btree ("user_id","tenant_id","interaction_id");--> statement-breakpoint
CREATE INDEX "echo_interactions_character_idx" ON "echo_unified_interactions" USING btree ("user_id","tenant_id","character_id","id") WHERE "echo_unified_interactions"."character_id" is not null;--> statement-breakpoint
-- Postings do not compress, and are read whole: kept in the row where they fit.
ALTER TABLE "echo_index_postings" ALTER COLUMN "data" SET STORAGE EXTERNAL;--> statement-breakpoint
ALTER TABLE "echo_index_postings" SET (toast_tuple_target = 8160);--> statement-breakpoint
CREATE FUNCTION echo_note_removals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO echo_index_removals (tenant_id, user_id, interaction_id) SELECT tenant_id, user_id, id FROM gone;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER echo_interactions_removed AFTER DELETE ON "echo_unified_interactions" REFERENCING OLD TABLE AS gone
	FOR EACH STATEMENT EXECUTE FUNCTION echo_note_removals();--> statement-breakpoint
CREATE FUNCTION echo_queue_for_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO echo_index_queue (interaction_id, tenant_id, user_id) SELECT id, tenant_id, user_id FROM added;
	RETURN NULL;
END $$;--> statement-breakpoint
-- A trigger, so that turns of an older version that still runs are indexed, too.
CREATE TRIGGER echo_interactions_added AFTER INSERT ON "echo_unified_interactions" REFERENCING NEW TABLE AS added
	FOR EACH STATEMENT EXECUTE FUNCTION echo_queue_for_index();--> statement-breakpoint
-- What was stored before this version is indexed in the background.
INSERT INTO "echo_index_queue" (interaction_id, tenant_id, user_id) SELECT id, tenant_id, user_id FROM "echo_unified_interactions";
