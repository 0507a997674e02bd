CREATE TABLE "echo_notion_pace" (
	"name" text PRIMARY KEY NOT NULL,
	"next_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"paused_until" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "echo_notion_pages" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"kind" text NOT NULL,
	"external_id" text NOT NULL,
	"page_id" text,
	"wanted" "bytea" NOT NULL,
	"written" "bytea",
	"written_at" timestamp (3) with time zone,
	"is_open" boolean DEFAULT true NOT NULL,
	"delivery_id" uuid,
	"missed_at" timestamp (3) with time zone,
	"making_until" timestamp (3) with time zone,
	"uncertain" boolean DEFAULT false NOT NULL,
	"gone_at" timestamp (3) with time zone,
	CONSTRAINT "echo_notion_pages_external_key" UNIQUE("kind","external_id"),
	CONSTRAINT "echo_notion_pages_page_key" UNIQUE("page_id")
);
--> statement-breakpoint
CREATE TABLE "echo_notion_refusals" (
	"page_id" text PRIMARY KEY NOT NULL,
	"said" "bytea" NOT NULL,
	"problem" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "echo_notion_sources" (
	"kind" text PRIMARY KEY NOT NULL,
	"database_id" text NOT NULL,
	"data_source_id" text,
	"title" text,
	"properties" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"state" text DEFAULT 'WAITING' NOT NULL,
	"problem" text,
	"resolved_at" timestamp (3) with time zone,
	"compared_at" timestamp (3) with time zone,
	"polled_at" timestamp (3) with time zone,
	"behind_since" timestamp (3) with time zone,
	CONSTRAINT "echo_notion_sources_state_check" CHECK ("echo_notion_sources"."state" in ('WAITING', 'MIRRORING', 'PARTIAL', 'BROKEN'))
);
--> statement-breakpoint
CREATE INDEX "echo_notion_pages_user_idx" ON "echo_notion_pages" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_notion_pages_open_idx" ON "echo_notion_pages" USING btree ("kind","external_id") WHERE "echo_notion_pages"."is_open";--> statement-breakpoint
CREATE INDEX "echo_notion_refusals_at_idx" ON "echo_notion_refusals" USING btree ("at");--> statement-breakpoint
-- What is deleted here leaves Notion, too: by the outbox, in the same transaction. A minute later, when whoever was at the page has ended.
CREATE FUNCTION echo_notion_page_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO "echo_delivery_targets" ("channel", "target", "tenant_id") VALUES ('notion', 'removals', '*') ON CONFLICT DO NOTHING;
	INSERT INTO "echo_deliveries" ("tenant_id", "delivery_id", "channel", "target", "order_key", "kind", "payload", "due_at")
	VALUES ('*', gen_random_uuid(), 'notion', 'removals', sha256(convert_to('removal ' || OLD.kind || ' ' || OLD.external_id, 'UTF8')), 'page.removed',
		jsonb_build_object('kind', OLD.kind, 'externalId', OLD.external_id, 'pageId', OLD.page_id), now() + interval '1 minute');
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER echo_notion_page_deleted AFTER DELETE ON "echo_notion_pages" FOR EACH ROW EXECUTE FUNCTION echo_notion_page_deleted();
