CREATE TABLE "echo_alert_changes" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"alert" bigint NOT NULL,
	"kind" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"changed_by" text,
	"note" text,
	CONSTRAINT "echo_alert_changes_kind_check" CHECK ("echo_alert_changes"."kind" in ('RAISED', 'ACKNOWLEDGED', 'SNOOZED', 'WOKEN', 'ESCALATED', 'REOPENED', 'RESOLVED'))
);
--> statement-breakpoint
CREATE TABLE "echo_alert_sightings" (
	"sighting_id" uuid PRIMARY KEY NOT NULL,
	"alert" bigint NOT NULL,
	"server" text NOT NULL,
	"began_at" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "echo_alerts" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"alert_id" uuid NOT NULL,
	"name" text NOT NULL,
	"severity" text NOT NULL,
	"message" text NOT NULL,
	"runbook" text,
	"status" text DEFAULT 'OPEN' NOT NULL,
	"raised_at" timestamp (3) with time zone NOT NULL,
	"snoozed_until" timestamp (3) with time zone,
	"resolved_at" timestamp (3) with time zone,
	"told" text[] DEFAULT '{}' NOT NULL,
	"told_at" timestamp (3) with time zone,
	"tell_at" timestamp (3) with time zone,
	CONSTRAINT "echo_alerts_alert_id_key" UNIQUE("alert_id"),
	CONSTRAINT "echo_alerts_severity_check" CHECK ("echo_alerts"."severity" in ('WARNING', 'CRITICAL')),
	CONSTRAINT "echo_alerts_status_check" CHECK ("echo_alerts"."status" in ('OPEN', 'ACKNOWLEDGED', 'SNOOZED', 'RESOLVED'))
);
--> statement-breakpoint
ALTER TABLE "echo_alert_changes" ADD CONSTRAINT "echo_alert_changes_alert_echo_alerts_id_fk" FOREIGN KEY ("alert") REFERENCES "public"."echo_alerts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "echo_alert_sightings" ADD CONSTRAINT "echo_alert_sightings_alert_echo_alerts_id_fk" FOREIGN KEY ("alert") REFERENCES "public"."echo_alerts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "echo_alert_changes_alert_idx" ON "echo_alert_changes" USING btree ("alert","id");--> statement-breakpoint
CREATE INDEX "echo_alert_changes_by_idx" ON "echo_alert_changes" USING btree ("changed_by","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_alert_sightings_alert_idx" ON "echo_alert_sightings" USING btree ("alert");--> statement-breakpoint
CREATE INDEX "echo_alert_sightings_open_idx" ON "echo_alert_sightings" USING btree ("server") WHERE "echo_alert_sightings"."ended_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "echo_alerts_open_idx" ON "echo_alerts" USING btree ("name") WHERE "echo_alerts"."status" <> 'RESOLVED';--> statement-breakpoint
CREATE INDEX "echo_alerts_name_idx" ON "echo_alerts" USING btree ("name","id");--> statement-breakpoint
CREATE INDEX "echo_alerts_tell_idx" ON "echo_alerts" USING btree ("tell_at") WHERE "echo_alerts"."tell_at" is not null;--> statement-breakpoint
CREATE INDEX "echo_alerts_told_idx" ON "echo_alerts" USING btree ("told_at");--> statement-breakpoint
CREATE INDEX "echo_alerts_resolved_idx" ON "echo_alerts" USING btree ("resolved_at");