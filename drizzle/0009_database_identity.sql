CREATE TABLE "echo_database" (
	"is_only_row" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"place" text,
	CONSTRAINT "echo_database_one_row" CHECK ("echo_database"."is_only_row")
);--> statement-breakpoint
INSERT INTO "echo_database" DEFAULT VALUES;
