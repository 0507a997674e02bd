CREATE TABLE "echo_erasures" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "echo_erasures_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"receipt_id" uuid NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"subject" "bytea" NOT NULL,
	"erased_at" timestamp (3) with time zone NOT NULL,
	"completed_at" timestamp (3) with time zone,
	"receipt" jsonb,
	"signature" text
);
--> statement-breakpoint
CREATE UNIQUE INDEX "echo_erasures_receipt_key" ON "echo_erasures" USING btree ("receipt_id");--> statement-breakpoint
CREATE INDEX "echo_erasures_subject_idx" ON "echo_erasures" USING btree ("subject","erased_at");