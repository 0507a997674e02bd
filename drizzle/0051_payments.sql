CREATE TABLE "payment_customers" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"customer_id" text NOT NULL,
	"client_id" text,
	"stripe_id" text,
	"state" text DEFAULT 'PENDING' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"sent_version" integer DEFAULT 0 NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payment_customers_customer_id_key" UNIQUE("tenant_id","customer_id"),
	CONSTRAINT "payment_customers_stripe_id_key" UNIQUE("stripe_id"),
	CONSTRAINT "payment_customers_state_check" CHECK ("payment_customers"."state" in ('PENDING', 'ACTIVE', 'FORGOTTEN'))
);
--> statement-breakpoint
CREATE TABLE "payment_differences" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"difference_id" text NOT NULL,
	"kind" text NOT NULL,
	"stripe_id" text NOT NULL,
	"our_id" text,
	"ours" text,
	"theirs" text,
	"currency" text,
	"found_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	"resolved_by" text,
	"note" text,
	CONSTRAINT "payment_differences_difference_id_key" UNIQUE("tenant_id","difference_id")
);
--> statement-breakpoint
CREATE TABLE "payment_invoices" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"invoice_id" text NOT NULL,
	"customer" integer NOT NULL,
	"client_id" text,
	"currency" text NOT NULL,
	"amount" integer NOT NULL,
	"items" jsonb NOT NULL,
	"description" text,
	"collection" text NOT NULL,
	"days_until_due" integer,
	"state" text NOT NULL,
	"task_id" text,
	"stripe_id" text,
	"number" text,
	"payment_intent" text,
	"charges" integer DEFAULT 0 NOT NULL,
	"failure_code" text,
	"failure" text,
	"requested_by" text NOT NULL,
	"decided_by" text,
	"decided_at" timestamp (3) with time zone,
	"note" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"finalized_at" timestamp (3) with time zone,
	"paid_at" timestamp (3) with time zone,
	"voided_at" timestamp (3) with time zone,
	CONSTRAINT "payment_invoices_invoice_id_key" UNIQUE("tenant_id","invoice_id"),
	CONSTRAINT "payment_invoices_stripe_id_key" UNIQUE("stripe_id"),
	CONSTRAINT "payment_invoices_amount_check" CHECK ("payment_invoices"."amount" > 0),
	CONSTRAINT "payment_invoices_state_check" CHECK ("payment_invoices"."state" in ('WAITING', 'REJECTED', 'REQUESTED', 'FAILED', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE'))
);
--> statement-breakpoint
CREATE TABLE "payment_ledger" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"client_id" text,
	"kind" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"day" date NOT NULL,
	"currency" text NOT NULL,
	"amount" bigint NOT NULL,
	"fee" bigint NOT NULL,
	"invoice" integer NOT NULL,
	"refund" integer,
	"stripe_id" text NOT NULL,
	"source_id" text NOT NULL,
	CONSTRAINT "payment_ledger_stripe_id_key" UNIQUE("stripe_id"),
	CONSTRAINT "payment_ledger_kind_check" CHECK ("payment_ledger"."kind" in ('PAYMENT', 'REFUND', 'REFUND_FAILURE'))
);
--> statement-breakpoint
CREATE TABLE "payment_people" (
	"customer" integer PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"name" text NOT NULL,
	"email" text,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payment_records" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"customer_id" text NOT NULL,
	"line" text NOT NULL,
	CONSTRAINT "payment_records_customer_id_key" UNIQUE("user_id","tenant_id","customer_id")
);
--> statement-breakpoint
CREATE TABLE "payment_refunds" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"refund_id" text NOT NULL,
	"invoice" integer NOT NULL,
	"currency" text NOT NULL,
	"amount" integer NOT NULL,
	"reason" text,
	"state" text NOT NULL,
	"task_id" text,
	"stripe_id" text,
	"failure_code" text,
	"failure" text,
	"requested_by" text NOT NULL,
	"decided_by" text,
	"decided_at" timestamp (3) with time zone,
	"note" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "payment_refunds_refund_id_key" UNIQUE("tenant_id","refund_id"),
	CONSTRAINT "payment_refunds_stripe_id_key" UNIQUE("stripe_id"),
	CONSTRAINT "payment_refunds_amount_check" CHECK ("payment_refunds"."amount" > 0),
	CONSTRAINT "payment_refunds_state_check" CHECK ("payment_refunds"."state" in ('WAITING', 'REJECTED', 'REQUESTED', 'SENT', 'SUCCEEDED', 'FAILED', 'CANCELLED'))
);
--> statement-breakpoint
CREATE TABLE "payment_events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"object_id" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"caught_up" boolean DEFAULT false NOT NULL,
	"task_id" text
);
--> statement-breakpoint
ALTER TABLE "payment_invoices" ADD CONSTRAINT "payment_invoices_customer_payment_customers_id_fk" FOREIGN KEY ("customer") REFERENCES "public"."payment_customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_ledger" ADD CONSTRAINT "payment_ledger_invoice_payment_invoices_id_fk" FOREIGN KEY ("invoice") REFERENCES "public"."payment_invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_ledger" ADD CONSTRAINT "payment_ledger_refund_payment_refunds_id_fk" FOREIGN KEY ("refund") REFERENCES "public"."payment_refunds"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_people" ADD CONSTRAINT "payment_people_customer_payment_customers_id_fk" FOREIGN KEY ("customer") REFERENCES "public"."payment_customers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_refunds" ADD CONSTRAINT "payment_refunds_invoice_payment_invoices_id_fk" FOREIGN KEY ("invoice") REFERENCES "public"."payment_invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "payment_differences_open_key" ON "payment_differences" USING btree ("kind","stripe_id") WHERE "payment_differences"."resolved_at" is null;--> statement-breakpoint
CREATE INDEX "payment_differences_tenant_idx" ON "payment_differences" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "payment_invoices_customer_idx" ON "payment_invoices" USING btree ("customer","id");--> statement-breakpoint
CREATE INDEX "payment_invoices_day_idx" ON "payment_invoices" USING btree ("tenant_id","created_at");--> statement-breakpoint
CREATE INDEX "payment_ledger_day_idx" ON "payment_ledger" USING btree ("tenant_id","day");--> statement-breakpoint
CREATE INDEX "payment_ledger_invoice_idx" ON "payment_ledger" USING btree ("invoice");--> statement-breakpoint
CREATE INDEX "payment_people_user_idx" ON "payment_people" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "payment_refunds_invoice_idx" ON "payment_refunds" USING btree ("invoice","id");--> statement-breakpoint
CREATE INDEX "payment_refunds_day_idx" ON "payment_refunds" USING btree ("tenant_id","created_at");--> statement-breakpoint
CREATE INDEX "payment_events_received_idx" ON "payment_events" USING btree ("received_at");