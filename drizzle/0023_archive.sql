ALTER TABLE "echo_unified_interactions" ADD COLUMN "archived_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "echo_unified_interactions" ADD COLUMN "restored_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "echo_interactions_created_idx" ON "echo_unified_interactions" USING brin ("created_at");--> statement-breakpoint
-- Rows with an instant there lie in a table of the same shape. It inherits, so that whatever reads, changes or deletes turns
-- meets them too; by these checks PostgreSQL leaves it (or the other) out where a statement asks for one kind.
ALTER TABLE "echo_unified_interactions" ADD CONSTRAINT "echo_interactions_archived_check" CHECK ("archived_at" IS NULL) NO INHERIT;--> statement-breakpoint
CREATE TABLE "echo_unified_interactions_archive" (LIKE "echo_unified_interactions" INCLUDING DEFAULTS INCLUDING INDEXES) INHERITS ("echo_unified_interactions");--> statement-breakpoint
ALTER TABLE "echo_unified_interactions_archive" ADD CONSTRAINT "echo_interactions_archive_check" CHECK ("archived_at" IS NOT NULL);--> statement-breakpoint
-- Triggers for rows are not inherited; those for statements are of the table that a statement names, whosever rows it meets.
CREATE TRIGGER echo_audit_turn_rated AFTER UPDATE OF rating, rating_comment ON "echo_unified_interactions_archive" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('interaction.rate', 'turn_id', 'user_id');--> statement-breakpoint
CREATE OR REPLACE FUNCTION echo_note_removals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- What moved into the archive keeps its number, and so its words. (OFFSET: one look into an index for each row.)
	INSERT INTO echo_index_removals (tenant_id, user_id, interaction_id, conversation_id)
		SELECT tenant_id, user_id, id, conversation_id FROM gone
		WHERE NOT EXISTS (SELECT FROM echo_unified_interactions_archive a WHERE a.id = gone.id OFFSET 0);
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE OR REPLACE FUNCTION echo_queue_for_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- What comes back from the archive is in the index, or in the queue.
	INSERT INTO echo_index_queue (interaction_id, tenant_id, user_id)
		SELECT id, tenant_id, user_id FROM added WHERE restored_at IS NULL;
	RETURN NULL;
END $$;
