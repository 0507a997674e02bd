CREATE TABLE "payout_entries" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"report" integer NOT NULL,
	"ledger" integer NOT NULL,
	"client_id" text NOT NULL,
	"amount" bigint NOT NULL,
	"share" bigint NOT NULL,
	CONSTRAINT "payout_entries_ledger_key" UNIQUE("ledger")
);
--> statement-breakpoint
CREATE TABLE "payout_reports" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"payout_id" uuid NOT NULL,
	"partner" integer NOT NULL,
	"month" text NOT NULL,
	"currency" text NOT NULL,
	"rate" integer NOT NULL,
	"base" bigint NOT NULL,
	"held" bigint NOT NULL,
	"amount" bigint NOT NULL,
	"state" text DEFAULT 'DRAFT' NOT NULL,
	"made_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"confirmed_by" text,
	"confirmed_at" timestamp (3) with time zone,
	"approved_by" text,
	"approved_at" timestamp (3) with time zone,
	"rejected_by" text,
	"rejected_at" timestamp (3) with time zone,
	CONSTRAINT "payout_reports_payout_id_key" UNIQUE("payout_id"),
	CONSTRAINT "payout_reports_month_key" UNIQUE("tenant_id","partner","month","currency"),
	CONSTRAINT "payout_reports_state_check" CHECK ("payout_reports"."state" in ('DRAFT', 'WAITING', 'APPROVED', 'REJECTED') and ("payout_reports"."state" = 'APPROVED') = ("payout_reports"."approved_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "payout_entries" ADD CONSTRAINT "payout_entries_report_payout_reports_id_fk" FOREIGN KEY ("report") REFERENCES "public"."payout_reports"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payout_entries" ADD CONSTRAINT "payout_entries_ledger_payment_ledger_id_fk" FOREIGN KEY ("ledger") REFERENCES "public"."payment_ledger"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payout_reports" ADD CONSTRAINT "payout_reports_partner_business_parties_id_fk" FOREIGN KEY ("partner") REFERENCES "public"."business_parties"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "payout_entries_report_idx" ON "payout_entries" USING btree ("report","id");--> statement-breakpoint
CREATE TRIGGER echo_audit_payout_confirmed AFTER UPDATE OF "confirmed_at" ON "payout_reports" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('payout.confirm', 'payout_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_payout_approved AFTER UPDATE OF "approved_at" ON "payout_reports" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('payout.approve', 'payout_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_payout_rejected AFTER UPDATE OF "rejected_at" ON "payout_reports" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('payout.reject', 'payout_id');
