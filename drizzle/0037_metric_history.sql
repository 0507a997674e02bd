CREATE TABLE "echo_metric_hours" (
	"at" timestamp (3) with time zone NOT NULL,
	"server" text NOT NULL,
	"rollups" jsonb NOT NULL,
	CONSTRAINT "echo_metric_hours_at_server_pk" PRIMARY KEY("at","server")
);
--> statement-breakpoint
CREATE TABLE "echo_metric_minutes" (
	"at" timestamp (3) with time zone NOT NULL,
	"server" text NOT NULL,
	"rollups" jsonb NOT NULL,
	CONSTRAINT "echo_metric_minutes_at_server_pk" PRIMARY KEY("at","server")
);
