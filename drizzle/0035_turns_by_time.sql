DROP INDEX "echo_interactions_learning_queue_idx";--> statement-breakpoint
CREATE INDEX "echo_interactions_conversation_time_idx" ON "echo_unified_interactions" USING btree ("conversation_id","tenant_id","user_id","timestamp","sequence");--> statement-breakpoint
CREATE INDEX "echo_interactions_learning_queue_idx" ON "echo_unified_interactions" USING btree ("tenant_id","user_id","timestamp","id") WHERE "echo_unified_interactions"."learning_state" <> 'LEARNED';--> statement-breakpoint
-- The archive inherits columns and checks, not indexes.
DROP INDEX "echo_interactions_archive_learning_queue_idx";--> statement-breakpoint
CREATE INDEX "echo_interactions_archive_conversation_time_idx" ON "echo_unified_interactions_archive" USING btree ("conversation_id","tenant_id","user_id","timestamp","sequence");--> statement-breakpoint
CREATE INDEX "echo_interactions_archive_learning_queue_idx" ON "echo_unified_interactions_archive" USING btree ("tenant_id","user_id","timestamp","id") WHERE "learning_state" <> 'LEARNED';
