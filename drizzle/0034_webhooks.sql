CREATE TABLE "echo_deliveries" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"delivery_id" uuid NOT NULL,
	"channel" text NOT NULL,
	"target" text NOT NULL,
	"order_key" "bytea" NOT NULL,
	"kind" text NOT NULL,
	"payload" jsonb NOT NULL,
	"status" text DEFAULT 'PENDING' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_attempt_at" timestamp (3) with time zone,
	"last_status" integer,
	"last_error" text,
	"settled_at" timestamp (3) with time zone,
	"retried_at" timestamp (3) with time zone,
	"discarded_at" timestamp (3) with time zone,
	CONSTRAINT "echo_deliveries_delivery_id_key" UNIQUE("delivery_id"),
	CONSTRAINT "echo_deliveries_status_check" CHECK ("echo_deliveries"."status" in ('PENDING', 'DELIVERED', 'DEAD', 'DISCARDED'))
);
--> statement-breakpoint
CREATE TABLE "echo_delivery_targets" (
	"channel" text NOT NULL,
	"target" text NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"held" boolean DEFAULT false NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"blocked_until" timestamp (3) with time zone,
	"last_delivered_at" timestamp (3) with time zone,
	"lease_token" text,
	"lease_until" timestamp (3) with time zone,
	CONSTRAINT "echo_delivery_targets_channel_target_pk" PRIMARY KEY("channel","target")
);
--> statement-breakpoint
CREATE TABLE "echo_webhooks" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"webhook_id" uuid NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"events" text[] NOT NULL,
	"of_tenant" boolean DEFAULT false NOT NULL,
	"secret" "bytea" NOT NULL,
	"key_id" text,
	"state" text DEFAULT 'ACTIVE' NOT NULL,
	"problem" text,
	"credential" text,
	"position_xid" "xid8" NOT NULL,
	"position_id" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "echo_webhooks_webhook_id_key" UNIQUE("webhook_id","tenant_id","user_id"),
	CONSTRAINT "echo_webhooks_state_check" CHECK ("echo_webhooks"."state" in ('ACTIVE', 'PAUSED', 'SUSPENDED'))
);
--> statement-breakpoint
ALTER TABLE "echo_deliveries" ADD CONSTRAINT "echo_deliveries_target_fk" FOREIGN KEY ("channel","target") REFERENCES "public"."echo_delivery_targets"("channel","target") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "echo_deliveries_order_idx" ON "echo_deliveries" USING btree ("channel","target","order_key","id") WHERE "echo_deliveries"."status" = 'PENDING';--> statement-breakpoint
CREATE INDEX "echo_deliveries_due_idx" ON "echo_deliveries" USING btree ("channel","target","due_at") WHERE "echo_deliveries"."status" = 'PENDING';--> statement-breakpoint
CREATE INDEX "echo_deliveries_list_idx" ON "echo_deliveries" USING btree ("channel","target","id");--> statement-breakpoint
CREATE INDEX "echo_deliveries_dead_idx" ON "echo_deliveries" USING btree ("channel","target","id") WHERE "echo_deliveries"."status" = 'DEAD';--> statement-breakpoint
CREATE INDEX "echo_deliveries_user_idx" ON "echo_deliveries" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_deliveries_settled_idx" ON "echo_deliveries" USING btree ("settled_at");--> statement-breakpoint
CREATE INDEX "echo_delivery_targets_user_idx" ON "echo_delivery_targets" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "echo_webhooks_user_idx" ON "echo_webhooks" USING btree ("user_id","tenant_id","id");--> statement-breakpoint
CREATE INDEX "echo_webhooks_position_idx" ON "echo_webhooks" USING btree ("position_xid","position_id") WHERE "echo_webhooks"."state" = 'ACTIVE';--> statement-breakpoint
CREATE TRIGGER echo_audit_webhook_created AFTER INSERT ON "echo_webhooks" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('webhook.create', 'webhook_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_webhook_updated AFTER UPDATE OF "updated_at" ON "echo_webhooks" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('webhook.update', 'webhook_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_webhook_deleted AFTER DELETE ON "echo_webhooks" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('webhook.delete', 'webhook_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_delivery_retried AFTER UPDATE OF "retried_at" ON "echo_deliveries" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('delivery.retry', 'delivery_id', 'user_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_delivery_discarded AFTER UPDATE OF "discarded_at" ON "echo_deliveries" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('delivery.discard', 'delivery_id', 'user_id');
