CREATE TABLE "echo_tenants" (
	"tenant_id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"suspended_at" timestamp (3) with time zone,
	"suspended_reason" text,
	"turns_per_day" integer,
	"tasks_per_day" integer,
	"model_cost_per_day" double precision,
	"storage_bytes" bigint,
	"briefs_per_day" integer,
	"intelligence_level" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "echo_tenants_suspended_check" CHECK (num_nulls("echo_tenants"."suspended_at", "echo_tenants"."suspended_reason") in (0, 2)),
	CONSTRAINT "echo_tenants_quotas_check" CHECK (least("echo_tenants"."turns_per_day", "echo_tenants"."tasks_per_day", "echo_tenants"."model_cost_per_day", "echo_tenants"."storage_bytes", "echo_tenants"."briefs_per_day") >= 0),
	CONSTRAINT "echo_tenants_level_check" CHECK ("echo_tenants"."intelligence_level" in ('quick', 'standard', 'expert'))
);
