DROP INDEX "character_profiles_character_name_key";--> statement-breakpoint
ALTER TABLE "character_profiles" ADD COLUMN "user_id" text;--> statement-breakpoint
ALTER TABLE "character_profiles" ADD COLUMN "name_key" text;--> statement-breakpoint
CREATE INDEX "character_profiles_owner_idx" ON "character_profiles" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "character_profiles_name_key_idx" ON "character_profiles" USING btree ("name_key","tenant_id");--> statement-breakpoint
ALTER TABLE "character_profiles" ADD CONSTRAINT "character_profiles_name_key" UNIQUE NULLS NOT DISTINCT("character_name","tenant_id","user_id");--> statement-breakpoint
-- What a user keeps for themselves is named in the audit log by its number: admins read the log.
DROP TRIGGER echo_audit_character_added ON "character_profiles";--> statement-breakpoint
DROP TRIGGER echo_audit_character_changed ON "character_profiles";--> statement-breakpoint
CREATE TRIGGER echo_audit_character_added AFTER INSERT ON "character_profiles" FOR EACH ROW
	WHEN (NEW.user_id IS NULL) EXECUTE FUNCTION echo_audit_row('character.store', 'character_name');--> statement-breakpoint
CREATE TRIGGER echo_audit_character_deleted AFTER DELETE ON "character_profiles" FOR EACH ROW
	WHEN (OLD.user_id IS NULL) EXECUTE FUNCTION echo_audit_row('character.store', 'character_name');--> statement-breakpoint
CREATE TRIGGER echo_audit_character_changed AFTER UPDATE ON "character_profiles" FOR EACH ROW
	WHEN (NEW.user_id IS NULL AND OLD.conversation_mentions = NEW.conversation_mentions AND OLD.name_key IS NOT DISTINCT FROM NEW.name_key)
	EXECUTE FUNCTION echo_audit_row('character.store', 'character_name');--> statement-breakpoint
CREATE TRIGGER echo_audit_own_character_added AFTER INSERT ON "character_profiles" FOR EACH ROW
	WHEN (NEW.user_id IS NOT NULL) EXECUTE FUNCTION echo_audit_row('character.store', 'id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_own_character_erased AFTER DELETE ON "character_profiles" FOR EACH ROW
	WHEN (OLD.user_id IS NOT NULL) EXECUTE FUNCTION echo_audit_row('character.erase', 'id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_own_character_changed AFTER UPDATE ON "character_profiles" FOR EACH ROW
	WHEN (NEW.user_id IS NOT NULL AND OLD.conversation_mentions = NEW.conversation_mentions AND OLD.name_key IS NOT DISTINCT FROM NEW.name_key)
	EXECUTE FUNCTION echo_audit_row('character.store', 'id', 'user_id');
