DROP INDEX `model_calls_by_run`;--> statement-breakpoint
DROP INDEX `model_calls_by_experiment`;--> statement-breakpoint
CREATE INDEX `model_calls_by_experiment` ON `model_calls` (`tenant_id`,`experiment_id`,`started_at`) WHERE "model_calls"."experiment_id" is not null;