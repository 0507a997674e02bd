CREATE TABLE "schedule_slots" (
	"schedule" text NOT NULL,
	"slot_at" timestamp (3) with time zone NOT NULL,
	"state" text NOT NULL,
	"note" text,
	"task" integer,
	"decided_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schedule_slots_schedule_slot_at_pk" PRIMARY KEY("schedule","slot_at"),
	CONSTRAINT "schedule_slots_state_check" CHECK ("schedule_slots"."state" in ('PLANNED', 'RUN', 'MISSED', 'SKIPPED'))
);
--> statement-breakpoint
CREATE TABLE "task_schedules" (
	"name" text PRIMARY KEY NOT NULL,
	"task_type" text NOT NULL,
	"cron" text NOT NULL,
	"time_zone" text NOT NULL,
	"missed" text NOT NULL,
	"paused" boolean DEFAULT false NOT NULL,
	"decided_until" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "task_schedules_missed_check" CHECK ("task_schedules"."missed" in ('SKIP', 'RUN_ONCE', 'RUN_ALL'))
);
--> statement-breakpoint
ALTER TABLE "schedule_slots" ADD CONSTRAINT "schedule_slots_schedule_task_schedules_name_fk" FOREIGN KEY ("schedule") REFERENCES "public"."task_schedules"("name") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "schedule_slots" ADD CONSTRAINT "schedule_slots_task_autonomous_tasks_id_fk" FOREIGN KEY ("task") REFERENCES "public"."autonomous_tasks"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "schedule_slots_task_idx" ON "schedule_slots" USING btree ("task") WHERE task is not null;