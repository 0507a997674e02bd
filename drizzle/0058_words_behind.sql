ALTER TABLE "echo_index_removals" ADD COLUMN "sequence" integer;--> statement-breakpoint
CREATE OR REPLACE FUNCTION echo_note_removals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- What moved into the archive keeps its number, and so its words. (OFFSET: one look into an index for each row.)
	INSERT INTO echo_index_removals (tenant_id, user_id, interaction_id, conversation_id, sequence)
		SELECT tenant_id, user_id, id, conversation_id, sequence FROM gone
		WHERE NOT EXISTS (SELECT FROM echo_unified_interactions_archive a WHERE a.id = gone.id OFFSET 0);
	RETURN NULL;
END $$;--> statement-breakpoint
-- Turns behind those that were deleted before may hold words of theirs. Whose a mark is, it does not say: of two users with
-- conversations of one name both have theirs made again.
INSERT INTO echo_index_removals (tenant_id, user_id, interaction_id, conversation_id, sequence)
	SELECT c.tenant_id, c.user_id, 0, c.conversation_id, d.sequence
	FROM echo_deleted_turns d JOIN echo_conversations c ON c.conversation_id = d.conversation_id AND c.tenant_id = d.tenant_id
	WHERE d.sequence IS NOT NULL;
