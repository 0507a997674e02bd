CREATE TABLE "echo_events_pruned" (
	"kind" text PRIMARY KEY NOT NULL,
	"xid" "xid8" NOT NULL,
	"id" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "echo_events_activity_idx" ON "echo_events" USING btree ("xid","id") WHERE kind = 'activity';