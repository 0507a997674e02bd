DROP INDEX "echo_media_insights_band_a_idx";--> statement-breakpoint
DROP INDEX "echo_media_insights_band_b_idx";--> statement-breakpoint
DROP INDEX "echo_media_insights_band_c_idx";--> statement-breakpoint
DROP INDEX "echo_media_insights_band_d_idx";--> statement-breakpoint
DROP INDEX "echo_media_insights_band_e_idx";--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_a_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_a","perceptual_bits","id");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_b_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_b","perceptual_bits","id");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_c_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_c","perceptual_bits","id");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_d_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_d","perceptual_bits","id");--> statement-breakpoint
CREATE INDEX "echo_media_insights_band_e_idx" ON "echo_media_insights" USING btree ("user_id","tenant_id","band_e","perceptual_bits","id");