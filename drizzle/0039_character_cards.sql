CREATE TABLE "character_card_files" (
	"character_id" integer NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"path" text NOT NULL,
	"content" "bytea" NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "character_card_files_character_id_path_pk" PRIMARY KEY("character_id","path")
);
--> statement-breakpoint
CREATE TABLE "character_cards" (
	"character_id" integer PRIMARY KEY NOT NULL,
	"tenant_id" text DEFAULT 'default' NOT NULL,
	"user_id" text,
	"card" text NOT NULL,
	"profile" jsonb NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "character_card_files" ADD CONSTRAINT "character_card_files_character_id_character_profiles_id_fk" FOREIGN KEY ("character_id") REFERENCES "public"."character_profiles"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "character_cards" ADD CONSTRAINT "character_cards_character_id_character_profiles_id_fk" FOREIGN KEY ("character_id") REFERENCES "public"."character_profiles"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "character_card_files_owner_idx" ON "character_card_files" USING btree ("user_id","tenant_id");--> statement-breakpoint
CREATE INDEX "character_cards_owner_idx" ON "character_cards" USING btree ("user_id","tenant_id");