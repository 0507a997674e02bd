-- Made again from the insights; no version wrote rows yet.
DROP TABLE "echo_media_pairs";--> statement-breakpoint
CREATE TABLE "echo_media_pairs" (
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text NOT NULL,
	"centre" integer NOT NULL,
	"member" integer NOT NULL,
	"distance" smallint NOT NULL,
	"partitions" smallint NOT NULL,
	CONSTRAINT "echo_media_pairs_centre_member_pk" PRIMARY KEY("centre","member")
);
--> statement-breakpoint
DROP INDEX "echo_media_insights_taken_idx";--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "terms_version" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "echo_media_pairs" ADD CONSTRAINT "echo_media_pairs_centre_echo_media_insights_id_fk" FOREIGN KEY ("centre") REFERENCES "public"."echo_media_insights"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "echo_media_pairs" ADD CONSTRAINT "echo_media_pairs_member_echo_media_insights_id_fk" FOREIGN KEY ("member") REFERENCES "public"."echo_media_insights"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "echo_media_files_present_idx" ON "echo_media_files" USING btree ("user_id","tenant_id","file_hash") WHERE state = 'PRESENT';--> statement-breakpoint
CREATE INDEX "echo_media_insights_terms_version_idx" ON "echo_media_insights" USING btree ("terms_version");--> statement-breakpoint
CREATE INDEX "echo_media_pairs_member_idx" ON "echo_media_pairs" USING btree ("member");--> statement-breakpoint
CREATE INDEX "echo_media_insights_taken_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id",(coalesce(date_taken, '-infinity'::timestamptz)),"id");--> statement-breakpoint
CREATE INDEX "echo_media_pairs_user_idx" ON "echo_media_pairs" USING btree ("user_id","tenant_id","centre");