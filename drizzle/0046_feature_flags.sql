CREATE TABLE "feature_flag_users" (
	"flag" text NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	CONSTRAINT "feature_flag_users_flag_tenant_id_user_id_pk" PRIMARY KEY("flag","tenant_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "feature_flags" (
	"key" text PRIMARY KEY NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"enabled" boolean DEFAULT false NOT NULL,
	"share" integer DEFAULT 100000 NOT NULL,
	"tenants" text[] DEFAULT '{}' NOT NULL,
	"roles" text[] DEFAULT '{}' NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feature_flags_share_check" CHECK ("feature_flags"."share" between 0 and 100000)
);
--> statement-breakpoint
ALTER TABLE "feature_flag_users" ADD CONSTRAINT "feature_flag_users_flag_feature_flags_key_fk" FOREIGN KEY ("flag") REFERENCES "public"."feature_flags"("key") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "feature_flag_users_user_idx" ON "feature_flag_users" USING btree ("tenant_id","user_id");