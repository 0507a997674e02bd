CREATE TABLE "payment_disputes" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"invoice" integer NOT NULL,
	"stripe_id" text NOT NULL,
	"currency" text NOT NULL,
	"amount" integer NOT NULL,
	"taken" integer NOT NULL,
	"state" text NOT NULL,
	"reason" text NOT NULL,
	"due_at" timestamp (3) with time zone,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"looked_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payment_disputes_stripe_id_key" UNIQUE("stripe_id"),
	CONSTRAINT "payment_disputes_state_check" CHECK ("payment_disputes"."state" in ('INQUIRY_NEEDS_RESPONSE', 'INQUIRY_UNDER_REVIEW', 'INQUIRY_CLOSED', 'NEEDS_RESPONSE', 'UNDER_REVIEW', 'APPEAL_NEEDS_RESPONSE', 'APPEAL_UNDER_REVIEW', 'WON', 'LOST', 'PREVENTED', 'OTHER'))
);
--> statement-breakpoint
ALTER TABLE "payment_ledger" DROP CONSTRAINT "payment_ledger_kind_check";--> statement-breakpoint
ALTER TABLE "payment_ledger" ADD COLUMN "dispute" integer;--> statement-breakpoint
ALTER TABLE "payment_disputes" ADD CONSTRAINT "payment_disputes_invoice_payment_invoices_id_fk" FOREIGN KEY ("invoice") REFERENCES "public"."payment_invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "payment_disputes_invoice_idx" ON "payment_disputes" USING btree ("invoice","id");--> statement-breakpoint
CREATE INDEX "payment_disputes_tenant_idx" ON "payment_disputes" USING btree ("tenant_id","id");--> statement-breakpoint
ALTER TABLE "payment_ledger" ADD CONSTRAINT "payment_ledger_dispute_payment_disputes_id_fk" FOREIGN KEY ("dispute") REFERENCES "public"."payment_disputes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "payment_invoices_intent_idx" ON "payment_invoices" USING btree ("payment_intent");--> statement-breakpoint
ALTER TABLE "payment_ledger" ADD CONSTRAINT "payment_ledger_kind_check" CHECK ("payment_ledger"."kind" in ('PAYMENT', 'REFUND', 'REFUND_FAILURE', 'DISPUTE', 'DISPUTE_REVERSAL'));