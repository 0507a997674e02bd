ALTER TABLE "echo_index_removals" ADD COLUMN "speakers" text[];--> statement-breakpoint
CREATE OR REPLACE FUNCTION echo_note_removals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- What moved into the archive keeps its number, and so its words. (OFFSET: one look into an index for each row.)
	INSERT INTO echo_index_removals (tenant_id, user_id, interaction_id, conversation_id, sequence, speakers)
		SELECT tenant_id, user_id, id, conversation_id, sequence, array_remove(ARRAY[speaker, responder]::text[], NULL) FROM gone
		WHERE NOT EXISTS (SELECT FROM echo_unified_interactions_archive a WHERE a.id = gone.id OFFSET 0);
	RETURN NULL;
END $$;--> statement-breakpoint
-- Names of those who spoke in turns that were deleted before are looked for once.
INSERT INTO echo_index_removals (tenant_id, user_id, interaction_id, speakers)
	SELECT tenant_id, user_id, 0, speakers FROM echo_index_owners WHERE speakers <> '{}';
