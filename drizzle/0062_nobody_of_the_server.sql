-- Who had the server learn stands in no row of the server's: admins of all tenants see it, and no erasure finds it there.
UPDATE "autonomous_tasks" SET "created_by" = 'runLearning' WHERE "tenant_id" = '*' AND "user_id" IS NULL AND "task_type" = 'learn' AND "created_by" <> 'learn';
