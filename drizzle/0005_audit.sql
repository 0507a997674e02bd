CREATE TABLE "echo_audit_log" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"actor" text,
	"credential" text,
	"on_behalf_of" text,
	"address" text,
	"action" text NOT NULL,
	"target" text,
	"result" text NOT NULL,
	"correlation_id" text,
	"detail" jsonb
);
--> statement-breakpoint
CREATE TABLE "echo_audit_names" (
	"pseudonym" text PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"name" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "echo_audit_seals" (
	"id" integer PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_xid" "xid8" NOT NULL,
	"last_id" text NOT NULL,
	"rows" integer NOT NULL,
	"hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE INDEX "echo_audit_log_order_idx" ON "echo_audit_log" USING btree ("xid","id");--> statement-breakpoint
CREATE INDEX "echo_audit_names_user_idx" ON "echo_audit_names" USING btree ("user_id","tenant_id");--> statement-breakpoint
-- Rows of the log can be added and read. Those older than a month may be deleted, for retention.
CREATE FUNCTION echo_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF OLD.at < now() - interval '30 days' THEN RETURN OLD; END IF;
	END IF;
	RAISE EXCEPTION 'permission denied: % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;--> statement-breakpoint
CREATE TRIGGER echo_audit_log_guard BEFORE UPDATE OR DELETE ON "echo_audit_log" FOR EACH ROW EXECUTE FUNCTION echo_audit_is_append_only();--> statement-breakpoint
CREATE TRIGGER echo_audit_log_truncate BEFORE TRUNCATE ON "echo_audit_log" FOR EACH STATEMENT EXECUTE FUNCTION echo_audit_is_append_only();--> statement-breakpoint
CREATE TRIGGER echo_audit_seals_guard BEFORE UPDATE OR DELETE ON "echo_audit_seals" FOR EACH ROW EXECUTE FUNCTION echo_audit_is_append_only();--> statement-breakpoint
CREATE TRIGGER echo_audit_seals_truncate BEFORE TRUNCATE ON "echo_audit_seals" FOR EACH STATEMENT EXECUTE FUNCTION echo_audit_is_append_only();--> statement-breakpoint
CREATE FUNCTION echo_pseudonym(tenant text, owner text, given text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	made text := left(encode(sha256(convert_to(tenant || chr(31) || coalesce(owner, '') || chr(31) || given, 'UTF8')), 'hex'), 32);
BEGIN
	IF given IS NULL THEN RETURN NULL; END IF;
	INSERT INTO echo_audit_names (pseudonym, tenant_id, user_id, name) VALUES (made, tenant, owner, given) ON CONFLICT DO NOTHING;
	RETURN made;
END $$;--> statement-breakpoint
-- One row of the log. Who acts is told by the transaction (echo.actor, JSON) or, for turns that waited, by themselves.
CREATE FUNCTION echo_audit(tenant text, owner text, what text, target text, outcome text, detail jsonb, teller jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO echo_audit_log (tenant_id, actor, credential, on_behalf_of, address, action, target, result, correlation_id, detail)
	VALUES (
		tenant,
		echo_pseudonym(tenant, teller ->> 'user', teller ->> 'user'),
		teller ->> 'credential',
		echo_pseudonym(tenant, owner, owner),
		echo_pseudonym(tenant, teller ->> 'user', teller ->> 'address'),
		what,
		echo_pseudonym(tenant, owner, target),
		outcome,
		teller ->> 'correlationId',
		detail
	)
$$;--> statement-breakpoint
CREATE FUNCTION echo_audit_teller() RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT nullif(current_setting('echo.actor', true), '')::jsonb
$$;--> statement-breakpoint
-- Arguments: the action, the column that names the target, and the column of the user (or none).
CREATE FUNCTION echo_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	changed jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
	PERFORM echo_audit(changed ->> 'tenant_id', CASE WHEN TG_NARGS > 2 THEN changed ->> TG_ARGV[2] END,
		TG_ARGV[0], changed ->> TG_ARGV[1], 'OK', NULL, echo_audit_teller());
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER echo_audit_conversation_deleted AFTER DELETE ON "echo_conversations" FOR EACH ROW
	WHEN (OLD.tenant_id <> '__canary') EXECUTE FUNCTION echo_audit_row('conversation.delete', 'conversation_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_turn_rated AFTER UPDATE OF rating, rating_comment ON "echo_unified_interactions" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('interaction.rate', 'turn_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_character_added AFTER INSERT OR DELETE ON "character_profiles" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('character.store', 'character_name');--> statement-breakpoint
CREATE TRIGGER echo_audit_character_changed AFTER UPDATE ON "character_profiles" FOR EACH ROW
	WHEN (OLD.conversation_mentions = NEW.conversation_mentions) EXECUTE FUNCTION echo_audit_row('character.store', 'character_name');--> statement-breakpoint
CREATE TRIGGER echo_audit_key_created AFTER INSERT ON "echo_api_keys" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('key.create', 'key_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_key_revoked AFTER UPDATE OF revoked_at ON "echo_api_keys" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('key.revoke', 'key_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_key_erased AFTER DELETE ON "echo_api_keys" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('key.erase', 'key_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_token_revoked AFTER INSERT ON "echo_revoked_tokens" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('token.revoke', 'token_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_erasure_begun AFTER INSERT ON "echo_erasures" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('user.erase.begin', 'receipt_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_erasure_ended AFTER UPDATE OF completed_at ON "echo_erasures" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('user.erase.end', 'receipt_id');
