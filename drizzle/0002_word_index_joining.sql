ALTER TABLE "echo_index_removals" ADD COLUMN "conversation_id" text;--> statement-breakpoint
ALTER TABLE "echo_index_segments" ADD COLUMN "is_joining" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE OR REPLACE FUNCTION echo_note_removals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO echo_index_removals (tenant_id, user_id, interaction_id, conversation_id)
		SELECT tenant_id, user_id, id, conversation_id FROM gone;
	RETURN NULL;
END $$;
