ALTER TABLE "echo_media_files" ADD COLUMN "folder_device" text;--> statement-breakpoint
ALTER TABLE "echo_media_files" ADD COLUMN "seen_as" text;--> statement-breakpoint
CREATE INDEX "echo_media_files_size_idx" ON "echo_media_files" USING btree ("user_id","tenant_id","size");