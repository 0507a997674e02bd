CREATE TABLE "access_reviews" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "access_reviews_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"key_id" text NOT NULL,
	"reviewed_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"reviewed_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "compliance_reports" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "compliance_reports_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"report_id" uuid NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"week" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"region" text NOT NULL,
	"sections" jsonb NOT NULL,
	"made_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "data_subject_requests" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "data_subject_requests_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"request_id" uuid NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"subject" "bytea" NOT NULL,
	"kind" text NOT NULL,
	"region" text NOT NULL,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"noted_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp (3) with time zone,
	"outcome" text,
	CONSTRAINT "data_subject_requests_closed_check" CHECK (("data_subject_requests"."closed_at" is null) = ("data_subject_requests"."outcome" is null) and "data_subject_requests"."closed_at" >= "data_subject_requests"."asked_at")
);
--> statement-breakpoint
CREATE INDEX "access_reviews_key_idx" ON "access_reviews" USING btree ("key_id","reviewed_at");--> statement-breakpoint
CREATE INDEX "access_reviews_user_idx" ON "access_reviews" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE UNIQUE INDEX "compliance_reports_report_key" ON "compliance_reports" USING btree ("report_id");--> statement-breakpoint
CREATE UNIQUE INDEX "compliance_reports_week_key" ON "compliance_reports" USING btree ("tenant_id","week");--> statement-breakpoint
CREATE UNIQUE INDEX "data_subject_requests_request_key" ON "data_subject_requests" USING btree ("request_id");--> statement-breakpoint
CREATE INDEX "data_subject_requests_tenant_idx" ON "data_subject_requests" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "data_subject_requests_subject_idx" ON "data_subject_requests" USING btree ("subject");--> statement-breakpoint
CREATE TRIGGER echo_audit_data_request_opened AFTER INSERT ON "data_subject_requests" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('request.open', 'request_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_data_request_closed AFTER UPDATE OF "closed_at" ON "data_subject_requests" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('request.close', 'request_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_access_reviewed AFTER INSERT ON "access_reviews" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('access.review', 'key_id', 'user_id');
