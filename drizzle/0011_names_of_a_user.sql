CREATE TABLE "echo_deleted_turns" (
	"turn_id" uuid NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"subject" "bytea" NOT NULL,
	"conversation_id" varchar(100),
	"sequence" integer,
	"chain_hash" "bytea",
	"is_erased" boolean DEFAULT false NOT NULL,
	"deleted_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "echo_deleted_turns_turn_id_subject_pk" PRIMARY KEY("turn_id","subject")
);
--> statement-breakpoint
DROP INDEX "echo_conversations_conversation_id_key";--> statement-breakpoint
DROP INDEX "echo_interactions_conversation_sequence_key";--> statement-breakpoint
ALTER TABLE "echo_conversations" ADD COLUMN "title" varchar(200);--> statement-breakpoint
ALTER TABLE "echo_conversations" ADD COLUMN "pinned" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_conversations" ADD COLUMN "deleted_turns" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_erasures" ADD COLUMN "left_marks" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "echo_deleted_turns_place_idx" ON "echo_deleted_turns" USING btree ("subject","conversation_id","sequence");--> statement-breakpoint
CREATE INDEX "echo_events_user_idx" ON "echo_events" USING btree ("user_id","tenant_id","xid");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_conversations_conversation_id_key" ON "echo_conversations" USING btree ("conversation_id","tenant_id","user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_interactions_conversation_sequence_key" ON "echo_unified_interactions" USING btree ("conversation_id","tenant_id","user_id","sequence");
--> statement-breakpoint
-- A turn dated ahead of its time counts as of when it was stored, and holds its conversation on top no longer.
UPDATE "echo_conversations" c SET last_interaction = coalesce((
	SELECT max(least(i.timestamp, i.created_at)) FROM "echo_unified_interactions" i
	WHERE i.conversation_id = c.conversation_id AND i.tenant_id = c.tenant_id AND i.user_id = c.user_id
), c.created_at) WHERE c.last_interaction > now();--> statement-breakpoint
-- Of turns that were deleted nothing is told any more.
DELETE FROM "echo_events" e WHERE e.kind = 'interaction_added'
	AND NOT EXISTS (SELECT FROM "echo_unified_interactions" i WHERE i.turn_id = e.turn_id);--> statement-breakpoint
CREATE TRIGGER echo_audit_conversation_changed AFTER UPDATE OF title, pinned ON "echo_conversations" FOR EACH ROW
	WHEN (OLD.title IS DISTINCT FROM NEW.title OR OLD.pinned <> NEW.pinned) EXECUTE FUNCTION echo_audit_row('conversation.update', 'conversation_id', 'user_id');
