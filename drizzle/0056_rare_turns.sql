CREATE INDEX "echo_interactions_intent_idx" ON "echo_unified_interactions" USING btree ("user_id","tenant_id","intent","timestamp","id") WHERE "echo_unified_interactions"."intent" is not null;--> statement-breakpoint
CREATE INDEX "echo_interactions_unanswered_idx" ON "echo_unified_interactions" USING btree ("user_id","tenant_id","status","timestamp","id") WHERE "echo_unified_interactions"."status" in ('PROCESSING', 'INTERRUPTED', 'FAILED');--> statement-breakpoint
-- The archive inherits columns and checks, not indexes.
CREATE INDEX "echo_interactions_archive_intent_idx" ON "echo_unified_interactions_archive" USING btree ("user_id","tenant_id","intent","timestamp","id") WHERE "intent" is not null;--> statement-breakpoint
CREATE INDEX "echo_interactions_archive_unanswered_idx" ON "echo_unified_interactions_archive" USING btree ("user_id","tenant_id","status","timestamp","id") WHERE "status" in ('PROCESSING', 'INTERRUPTED', 'FAILED');
