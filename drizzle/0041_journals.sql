CREATE TABLE "echo_journals" (
	"journal_id" uuid PRIMARY KEY NOT NULL,
	"host" text NOT NULL,
	"directory" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"stopped_at" timestamp (3) with time zone,
	"depth" integer NOT NULL,
	"set_apart" integer NOT NULL,
	"oldest_at" timestamp (3) with time zone,
	"given_up_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE INDEX "echo_journals_stopped_idx" ON "echo_journals" USING btree ("stopped_at");