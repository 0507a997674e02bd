CREATE TABLE "echo_vector_leases" (
	"token" uuid PRIMARY KEY NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"interaction_ids" integer[] NOT NULL
);
