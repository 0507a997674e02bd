CREATE TABLE "business_people" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"party" integer,
	"user_id" text,
	"kind" text NOT NULL,
	"party_id" text NOT NULL,
	"name" text NOT NULL,
	"email" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "business_people_party_key" UNIQUE("party"),
	CONSTRAINT "business_people_user_key" UNIQUE("user_id","tenant_id","kind","party_id")
);
--> statement-breakpoint
CREATE TABLE "business_parties" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"kind" text NOT NULL,
	"party_id" text NOT NULL,
	"rate" integer,
	"partner" integer,
	"code" integer,
	"rule" text,
	"referred_at" timestamp (3) with time zone,
	"suspended_at" timestamp (3) with time zone,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "business_parties_party_id_key" UNIQUE("tenant_id","kind","party_id"),
	CONSTRAINT "business_parties_kind_check" CHECK ("business_parties"."kind" in ('CLIENT', 'PARTNER')),
	CONSTRAINT "business_parties_rate_check" CHECK (("business_parties"."kind" = 'PARTNER') = ("business_parties"."rate" is not null) and "business_parties"."rate" between 0 and 10000),
	CONSTRAINT "business_parties_referral_check" CHECK (num_nulls("business_parties"."partner", "business_parties"."code", "business_parties"."rule", "business_parties"."referred_at") in (0, 4)
        and ("business_parties"."kind" = 'CLIENT' or "business_parties"."partner" is null) and "business_parties"."partner" <> "business_parties"."id")
);
--> statement-breakpoint
CREATE TABLE "business_keys" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"party" integer NOT NULL,
	"key_id" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"last_four" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "business_keys_key_id_key" UNIQUE("key_id")
);
--> statement-breakpoint
CREATE TABLE "referral_codes" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"partner" integer NOT NULL,
	"code" text NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "referral_codes_code_key" UNIQUE("tenant_id","code")
);
--> statement-breakpoint
CREATE TABLE "referrals" (
	"id" serial PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"client_id" text NOT NULL,
	"code" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "referrals_at_key" UNIQUE("tenant_id","client_id","code","at")
);
--> statement-breakpoint
ALTER TABLE "business_people" ADD CONSTRAINT "business_people_party_business_parties_id_fk" FOREIGN KEY ("party") REFERENCES "public"."business_parties"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "business_parties" ADD CONSTRAINT "business_parties_partner_business_parties_id_fk" FOREIGN KEY ("partner") REFERENCES "public"."business_parties"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "business_parties" ADD CONSTRAINT "business_parties_code_referral_codes_id_fk" FOREIGN KEY ("code") REFERENCES "public"."referral_codes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "business_keys" ADD CONSTRAINT "business_keys_party_business_parties_id_fk" FOREIGN KEY ("party") REFERENCES "public"."business_parties"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "referral_codes" ADD CONSTRAINT "referral_codes_partner_business_parties_id_fk" FOREIGN KEY ("partner") REFERENCES "public"."business_parties"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "referrals" ADD CONSTRAINT "referrals_code_referral_codes_id_fk" FOREIGN KEY ("code") REFERENCES "public"."referral_codes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "business_parties_partner_idx" ON "business_parties" USING btree ("partner","id");--> statement-breakpoint
CREATE INDEX "business_keys_party_idx" ON "business_keys" USING btree ("party","id");--> statement-breakpoint
CREATE INDEX "referral_codes_partner_idx" ON "referral_codes" USING btree ("partner","id");--> statement-breakpoint
CREATE INDEX "referrals_age_idx" ON "referrals" USING btree ("at");--> statement-breakpoint
CREATE TRIGGER echo_audit_party_created AFTER INSERT ON "business_parties" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('party.create', 'party_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_party_updated AFTER UPDATE OF "updated_at" ON "business_parties" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('party.update', 'party_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_party_key_created AFTER INSERT ON "business_keys" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('partykey.create', 'key_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_party_key_revoked AFTER UPDATE OF "revoked_at" ON "business_keys" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('partykey.revoke', 'key_id');--> statement-breakpoint
CREATE TRIGGER echo_audit_referral_code_created AFTER INSERT ON "referral_codes" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('referral.create', 'code');--> statement-breakpoint
CREATE TRIGGER echo_audit_referral_code_revoked AFTER UPDATE OF "revoked_at" ON "referral_codes" FOR EACH ROW
	EXECUTE FUNCTION echo_audit_row('referral.revoke', 'code');
