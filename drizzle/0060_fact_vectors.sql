CREATE TABLE "echo_fact_vectors" (
	"fact" integer PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"revision" integer DEFAULT 0 NOT NULL,
	"model" text,
	"vector" "bytea"
);
--> statement-breakpoint
ALTER TABLE "echo_fact_vectors" ADD CONSTRAINT "echo_fact_vectors_fact_echo_learned_facts_id_fk" FOREIGN KEY ("fact") REFERENCES "public"."echo_learned_facts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "echo_fact_vectors_user_idx" ON "echo_fact_vectors" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_fact_vectors_model_idx" ON "echo_fact_vectors" USING btree ("model","fact");--> statement-breakpoint
-- A trigger, so that facts of an older version that still runs get vectors, too, and lose those of words that are gone.
CREATE FUNCTION echo_queue_fact_for_vector() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.status = 'RETRACTED' OR NEW.statement = '' THEN
		DELETE FROM echo_fact_vectors WHERE fact = NEW.id;
	ELSIF TG_OP = 'INSERT' OR OLD.status = 'RETRACTED' OR OLD.statement <> NEW.statement OR OLD.subject <> NEW.subject THEN
		INSERT INTO echo_fact_vectors AS v (fact, tenant_id, user_id) VALUES (NEW.id, NEW.tenant_id, NEW.user_id)
			ON CONFLICT (fact) DO UPDATE SET revision = v.revision + 1, model = NULL, vector = NULL;
	END IF;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER echo_facts_embedded AFTER INSERT OR UPDATE OF status, statement, subject ON "echo_learned_facts"
	FOR EACH ROW EXECUTE FUNCTION echo_queue_fact_for_vector();--> statement-breakpoint
INSERT INTO echo_fact_vectors (fact, tenant_id, user_id)
	SELECT id, tenant_id, user_id FROM echo_learned_facts WHERE status <> 'RETRACTED' AND statement <> '';
