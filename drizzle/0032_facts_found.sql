CREATE FUNCTION echo_fact_keys(tenant_id text, user_id text, terms text[]) RETURNS bigint[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT coalesce(array_agg(hashtextextended(term, hashtextextended(user_id, hashtextextended(tenant_id, 0)))), '{}')
	FROM unnest(terms) AS term
$$;--> statement-breakpoint
DROP INDEX "echo_learned_facts_terms_idx";--> statement-breakpoint
ALTER TABLE "echo_learned_facts" ADD COLUMN "subject_key" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_learned_facts" ADD COLUMN "terms_version" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "echo_learned_facts_keys_idx" ON "echo_learned_facts" USING gin (echo_fact_keys("tenant_id", "user_id", "search_terms")) WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "echo_learned_facts_subject_idx" ON "echo_learned_facts" USING btree ("subject_key","user_id","tenant_id","id") WHERE "echo_learned_facts"."subject_key" <> '';--> statement-breakpoint
CREATE INDEX "echo_learned_facts_terms_version_idx" ON "echo_learned_facts" USING btree ("terms_version");