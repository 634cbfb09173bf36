CREATE TABLE `published_versions` (
	`tenant_id` text NOT NULL,
	`workflow` text NOT NULL,
	`version` integer NOT NULL,
	`description` text,
	`published_at` integer NOT NULL,
	`withdrawn_at` integer,
	PRIMARY KEY(`tenant_id`, `workflow`, `version`)
);
--> statement-breakpoint
CREATE TABLE `state_machines` (
	`tenant_id` text NOT NULL,
	`workflow` text NOT NULL,
	`role_arn` text NOT NULL,
	`logging` text,
	`tracing` text,
	`tags` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `workflow`)
);
--> statement-breakpoint
ALTER TABLE `api_keys` ADD `aws_sigv4` integer DEFAULT false NOT NULL;