CREATE TABLE "echo_fact_changes" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"change_id" uuid NOT NULL,
	"act" uuid NOT NULL,
	"fact" integer NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"by" text NOT NULL,
	"run_id" uuid,
	"before" jsonb,
	"is_final" boolean DEFAULT false NOT NULL,
	"undone" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "echo_fact_sources" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"source_id" uuid NOT NULL,
	"fact" integer NOT NULL,
	"added_by" uuid NOT NULL,
	"withdrawn" boolean DEFAULT false NOT NULL,
	"turn_id" uuid,
	"field" text,
	"quote" text NOT NULL,
	"starts_at" integer NOT NULL,
	"ends_at" integer NOT NULL,
	"said_at" timestamp (3) with time zone NOT NULL,
	"origin" text NOT NULL,
	"confidence" real NOT NULL,
	"statement" text NOT NULL,
	"subject" text NOT NULL,
	"object" text NOT NULL,
	"category" text NOT NULL,
	"valid_from" timestamp (3) with time zone,
	"valid_until" timestamp (3) with time zone,
	"valid_precision" text
);
--> statement-breakpoint
CREATE TABLE "echo_learned_facts" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"fact_id" uuid NOT NULL,
	"statement" text NOT NULL,
	"subject" text NOT NULL,
	"predicate" text NOT NULL,
	"object" text NOT NULL,
	"category" text NOT NULL,
	"negated" boolean NOT NULL,
	"confidence" real NOT NULL,
	"status" text NOT NULL,
	"origin" text NOT NULL,
	"valid_from" timestamp (3) with time zone,
	"valid_until" timestamp (3) with time zone,
	"said_until" timestamp (3) with time zone,
	"valid_precision" text,
	"first_said_at" timestamp (3) with time zone NOT NULL,
	"last_said_at" timestamp (3) with time zone NOT NULL,
	"recorded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"retired_at" timestamp (3) with time zone,
	"retracted_by" text,
	"superseded_by" uuid,
	"corrected_by" uuid,
	"identity_key" "bytea" NOT NULL,
	"polarity_key" "bytea" NOT NULL,
	"slot_key" "bytea",
	"search_terms" text[] DEFAULT '{}'::text[] NOT NULL,
	CONSTRAINT "echo_learned_facts_status_check" CHECK ("echo_learned_facts"."status" in ('ACTIVE', 'SUPERSEDED', 'RETRACTED')),
	CONSTRAINT "echo_learned_facts_origin_check" CHECK ("echo_learned_facts"."origin" in ('RULES', 'MODEL', 'PERSON')),
	CONSTRAINT "echo_learned_facts_confidence_check" CHECK ("echo_learned_facts"."confidence" between 0 and 1)
);
--> statement-breakpoint
ALTER TABLE "echo_fact_changes" ADD CONSTRAINT "echo_fact_changes_fact_echo_learned_facts_id_fk" FOREIGN KEY ("fact") REFERENCES "public"."echo_learned_facts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "echo_fact_sources" ADD CONSTRAINT "echo_fact_sources_fact_echo_learned_facts_id_fk" FOREIGN KEY ("fact") REFERENCES "public"."echo_learned_facts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "echo_fact_changes_change_id_key" ON "echo_fact_changes" USING btree ("change_id","tenant_id","user_id");--> statement-breakpoint
CREATE INDEX "echo_fact_changes_fact_idx" ON "echo_fact_changes" USING btree ("fact","id");--> statement-breakpoint
CREATE INDEX "echo_fact_changes_act_idx" ON "echo_fact_changes" USING btree ("act");--> statement-breakpoint
CREATE INDEX "echo_fact_changes_user_idx" ON "echo_fact_changes" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_fact_sources_source_id_key" ON "echo_fact_sources" USING btree ("source_id","tenant_id","user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_fact_sources_turn_key" ON "echo_fact_sources" USING btree ("fact","turn_id","field","starts_at") WHERE "echo_fact_sources"."turn_id" is not null;--> statement-breakpoint
CREATE INDEX "echo_fact_sources_of_turn_idx" ON "echo_fact_sources" USING btree ("turn_id","tenant_id","user_id");--> statement-breakpoint
CREATE INDEX "echo_fact_sources_added_by_idx" ON "echo_fact_sources" USING btree ("added_by");--> statement-breakpoint
CREATE INDEX "echo_fact_sources_user_idx" ON "echo_fact_sources" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_learned_facts_fact_id_key" ON "echo_learned_facts" USING btree ("fact_id","tenant_id","user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "echo_learned_facts_identity_key" ON "echo_learned_facts" USING btree ("identity_key","tenant_id","user_id");--> statement-breakpoint
CREATE INDEX "echo_learned_facts_polarity_idx" ON "echo_learned_facts" USING btree ("polarity_key","tenant_id","user_id");--> statement-breakpoint
CREATE INDEX "echo_learned_facts_slot_idx" ON "echo_learned_facts" USING btree ("slot_key","tenant_id","user_id") WHERE "echo_learned_facts"."slot_key" is not null;--> statement-breakpoint
CREATE INDEX "echo_learned_facts_user_idx" ON "echo_learned_facts" USING btree ("user_id","tenant_id","status","id");--> statement-breakpoint
CREATE INDEX "echo_learned_facts_superseded_idx" ON "echo_learned_facts" USING btree ("superseded_by","tenant_id","user_id") WHERE "echo_learned_facts"."superseded_by" is not null;--> statement-breakpoint
CREATE INDEX "echo_learned_facts_corrected_idx" ON "echo_learned_facts" USING btree ("corrected_by","tenant_id","user_id") WHERE "echo_learned_facts"."corrected_by" is not null;--> statement-breakpoint
CREATE INDEX "echo_learned_facts_terms_idx" ON "echo_learned_facts" USING gin ("search_terms");--> statement-breakpoint
CREATE TRIGGER echo_audit_fact_erased AFTER DELETE ON "echo_learned_facts" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('fact.erase', 'fact_id', 'user_id');
