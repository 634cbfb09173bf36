CREATE TABLE `triggers` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`event_type` text NOT NULL,
	`filter` text,
	`workflow` text NOT NULL,
	`version` integer,
	`alias` text,
	`enabled` integer NOT NULL,
	`last_event_id` text,
	`last_at` integer,
	`last_run_id` text,
	`last_error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `triggers_by_name` ON `triggers` (`tenant_id`,`name`);--> statement-breakpoint
CREATE INDEX `triggers_by_event` ON `triggers` (`tenant_id`,`event_type`);--> statement-breakpoint
CREATE INDEX `triggers_by_age` ON `triggers` (`tenant_id`,`created_at`,`id`);--> statement-breakpoint
ALTER TABLE `published_events` ADD `depth` integer DEFAULT 0 NOT NULL;