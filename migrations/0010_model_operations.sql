CREATE TABLE `answer_samples` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`subject` text NOT NULL,
	`vector` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `answer_samples_by_subject` ON `answer_samples` (`tenant_id`,`subject`,`at`);--> statement-breakpoint
CREATE TABLE `llm_budgets` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`usd_micros_per_month` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`)
);
--> statement-breakpoint
CREATE TABLE `drift_reports` (
	`tenant_id` text NOT NULL,
	`subject` text NOT NULL,
	`at` integer NOT NULL,
	`report` text NOT NULL,
	PRIMARY KEY(`tenant_id`, `subject`)
);
--> statement-breakpoint
CREATE TABLE `experiments` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`route` text NOT NULL,
	`variants` text NOT NULL,
	`guard` text,
	`status` text NOT NULL,
	`rolled_back` text NOT NULL,
	`running_route` text,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `experiments_running` ON `experiments` (`tenant_id`,`running_route`);--> statement-breakpoint
CREATE INDEX `experiments_by_tenant` ON `experiments` (`tenant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `feedback` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`target` text NOT NULL,
	`rating` integer NOT NULL,
	`comment` text,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `feedback_by_actor` ON `feedback` (`tenant_id`,`target`,`actor_type`,`actor_id`);--> statement-breakpoint
CREATE INDEX `feedback_by_time` ON `feedback` (`tenant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `guardrail_decisions` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`at` integer NOT NULL,
	`request_id` text NOT NULL,
	`route` text,
	`stage` text NOT NULL,
	`guardrail` text NOT NULL,
	`action` text NOT NULL,
	`found` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `guardrail_decisions_by_time` ON `guardrail_decisions` (`tenant_id`,`at`,`id`);--> statement-breakpoint
CREATE TABLE `guardrail_policies` (
	`tenant_id` text PRIMARY KEY NOT NULL,
	`guardrails` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `model_calls` ADD `route_version` integer;--> statement-breakpoint
ALTER TABLE `model_calls` ADD `experiment_id` text;--> statement-breakpoint
ALTER TABLE `model_calls` ADD `variant` text;--> statement-breakpoint
ALTER TABLE `model_calls` ADD `is_refusal` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `model_calls_by_experiment` ON `model_calls` (`tenant_id`,`experiment_id`,`started_at`);--> statement-breakpoint
CREATE INDEX `model_calls_by_request` ON `model_calls` (`tenant_id`,`request_id`);--> statement-breakpoint
ALTER TABLE `model_routes` ADD `guardrails` text;--> statement-breakpoint
ALTER TABLE `model_routes` ADD `budget` text;--> statement-breakpoint
ALTER TABLE `model_routes` ADD `version` integer DEFAULT 1 NOT NULL;