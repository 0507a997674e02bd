CREATE TABLE "autonomous_goal_moves" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"goal" integer NOT NULL,
	"from_status" text,
	"to_status" text NOT NULL,
	"moved_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"moved_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "autonomous_goals" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"goal_id" text NOT NULL,
	"description" text NOT NULL,
	"priority" integer DEFAULT 1 NOT NULL,
	"status" text DEFAULT 'PROPOSED' NOT NULL,
	"deadline" timestamp (3) with time zone,
	"parent" integer,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "autonomous_goals_goal_id_key" UNIQUE("goal_id","tenant_id","user_id"),
	CONSTRAINT "autonomous_goals_priority_check" CHECK ("autonomous_goals"."priority" between 0 and 3),
	CONSTRAINT "autonomous_goals_status_check" CHECK ("autonomous_goals"."status" in ('PROPOSED', 'ACTIVE', 'BLOCKED', 'ACHIEVED', 'ABANDONED'))
);
--> statement-breakpoint
ALTER TABLE "autonomous_goal_moves" ADD CONSTRAINT "autonomous_goal_moves_goal_autonomous_goals_id_fk" FOREIGN KEY ("goal") REFERENCES "public"."autonomous_goals"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "autonomous_goals" ADD CONSTRAINT "autonomous_goals_parent_autonomous_goals_id_fk" FOREIGN KEY ("parent") REFERENCES "public"."autonomous_goals"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "autonomous_goal_moves_goal_idx" ON "autonomous_goal_moves" USING btree ("goal","id");--> statement-breakpoint
CREATE INDEX "autonomous_goal_moves_user_idx" ON "autonomous_goal_moves" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "autonomous_goals_user_idx" ON "autonomous_goals" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "autonomous_goals_parent_idx" ON "autonomous_goals" USING btree ("parent");--> statement-breakpoint
CREATE TRIGGER echo_audit_goal_created AFTER INSERT ON "autonomous_goals" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('goal.create', 'goal_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_goal_updated AFTER UPDATE ON "autonomous_goals" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('goal.update', 'goal_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_goal_erased AFTER DELETE ON "autonomous_goals" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('goal.erase', 'goal_id', 'user_id');
