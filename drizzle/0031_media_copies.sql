ALTER TABLE "echo_media_files" ADD COLUMN "sidecar" text;--> statement-breakpoint
ALTER TABLE "echo_media_insights" ADD COLUMN "copies" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE "echo_media_insights" i SET "copies" = f.files FROM (
  SELECT file_hash, tenant_id, user_id, count(*)::int AS files FROM "echo_media_files"
  WHERE state = 'PRESENT' AND file_hash IS NOT NULL GROUP BY 1, 2, 3) f
WHERE f.file_hash = i.file_hash AND f.tenant_id = i.tenant_id AND f.user_id = i.user_id;--> statement-breakpoint
CREATE INDEX "echo_media_insights_copies_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","id") WHERE copies > 1;