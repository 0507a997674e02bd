CREATE TABLE "character_changes" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"character_id" integer NOT NULL,
	"change_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"kind" text NOT NULL,
	"changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_by" text NOT NULL,
	"fields" text[] NOT NULL,
	"before" jsonb,
	"after" jsonb NOT NULL,
	"card_before" text,
	"undoes" uuid,
	"undone" boolean DEFAULT false NOT NULL,
	CONSTRAINT "character_changes_change_id_key" UNIQUE NULLS NOT DISTINCT("change_id","tenant_id","user_id"),
	CONSTRAINT "character_changes_kind_check" CHECK ("character_changes"."kind" in ('CREATED', 'CHANGED', 'DEACTIVATED', 'REACTIVATED', 'UNDONE'))
);
--> statement-breakpoint
CREATE TABLE "anime_echo_style_learning" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"character_id" integer NOT NULL,
	"kind" text NOT NULL,
	"value" text NOT NULL,
	"ratings" integer NOT NULL,
	"total" numeric NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "anime_echo_style_learning_value_key" UNIQUE("character_id","tenant_id","user_id","kind","value"),
	CONSTRAINT "anime_echo_style_learning_check" CHECK ("anime_echo_style_learning"."kind" in ('ELEMENT', 'SEED', 'WORKFLOW', 'SIZE') and "anime_echo_style_learning"."ratings" > 0)
);
--> statement-breakpoint
ALTER TABLE "anime_generation_history" ADD COLUMN "elements" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "anime_generation_history" ADD COLUMN "learned" jsonb;--> statement-breakpoint
ALTER TABLE "character_changes" ADD CONSTRAINT "character_changes_character_id_character_profiles_id_fk" FOREIGN KEY ("character_id") REFERENCES "public"."character_profiles"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "character_changes_character_idx" ON "character_changes" USING btree ("character_id","changed_at","id");--> statement-breakpoint
CREATE INDEX "character_changes_owner_idx" ON "character_changes" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "anime_echo_style_learning_user_idx" ON "anime_echo_style_learning" USING btree ("user_id","tenant_id");--> statement-breakpoint
-- What was rated before counts for seeds, workflows and sizes; which elements were in a prompt was not kept.
INSERT INTO "anime_echo_style_learning" (tenant_id, user_id, character_id, kind, value, ratings, total)
	SELECT r.tenant_id, r.user_id, r.character_id, t.kind, t.value, count(*),
		sum((coalesce(r.identity, 0) + coalesce(r.style, 0) + coalesce(r.quality, 0)) / num_nonnulls(r.identity, r.style, r.quality))
	FROM "anime_qc_feedback" r JOIN "anime_generation_history" g ON g.id = r.generation
	CROSS JOIN LATERAL (VALUES ('SEED', g.seed::text), ('WORKFLOW', g.workflow), ('SIZE', g.width || 'x' || g.height)) AS t(kind, value)
	WHERE r.character_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5;--> statement-breakpoint
-- A drawing and a rating count in a profile, and store none.
DROP TRIGGER echo_audit_character_changed ON "character_profiles";--> statement-breakpoint
DROP TRIGGER echo_audit_own_character_changed ON "character_profiles";--> statement-breakpoint
CREATE TRIGGER echo_audit_character_changed AFTER UPDATE ON "character_profiles" FOR EACH ROW
	WHEN (NEW.user_id IS NULL AND OLD.conversation_mentions = NEW.conversation_mentions AND OLD.name_key IS NOT DISTINCT FROM NEW.name_key
		AND OLD.generation_count = NEW.generation_count AND OLD.consistency_score = NEW.consistency_score)
	EXECUTE FUNCTION echo_audit_row('character.store', 'character_name');--> statement-breakpoint
CREATE TRIGGER echo_audit_own_character_changed AFTER UPDATE ON "character_profiles" FOR EACH ROW
	WHEN (NEW.user_id IS NOT NULL AND OLD.conversation_mentions = NEW.conversation_mentions AND OLD.name_key IS NOT DISTINCT FROM NEW.name_key
		AND OLD.generation_count = NEW.generation_count AND OLD.consistency_score = NEW.consistency_score)
	EXECUTE FUNCTION echo_audit_row('character.store', 'id', 'user_id');
