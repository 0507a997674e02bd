ALTER TABLE "echo_fact_sources" ADD COLUMN "form_key" "bytea";--> statement-breakpoint
ALTER TABLE "echo_fact_sources" ADD COLUMN "detail" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "echo_fact_sources_of_fact_idx" ON "echo_fact_sources" USING btree ("fact","said_at","id");--> statement-breakpoint
CREATE INDEX "echo_fact_sources_form_idx" ON "echo_fact_sources" USING btree ("form_key","tenant_id","user_id") WHERE "echo_fact_sources"."form_key" is not null;