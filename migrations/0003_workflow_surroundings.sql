CREATE TABLE `functions` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`header_names` text NOT NULL,
	`sealed_headers` text,
	`sealed_secret` text,
	`timeout_seconds` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`)
);
--> statement-breakpoint
CREATE TABLE `published_events` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`data` text,
	`run_id` text NOT NULL,
	`published_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `published_events_by_time` ON `published_events` (`tenant_id`,`published_at`,`id`);--> statement-breakpoint
CREATE TABLE `schedules` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`workflow` text NOT NULL,
	`version` integer,
	`alias` text,
	`cron` text NOT NULL,
	`timezone` text NOT NULL,
	`input` text,
	`overlap` text NOT NULL,
	`missed` text NOT NULL,
	`enabled` integer NOT NULL,
	`since` integer NOT NULL,
	`next_at` integer,
	`last_at` integer,
	`last_run_id` text,
	`last_error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `schedules_by_name` ON `schedules` (`tenant_id`,`name`);--> statement-breakpoint
CREATE INDEX `schedules_by_age` ON `schedules` (`tenant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `schedules_due` ON `schedules` (`enabled`,`next_at`);--> statement-breakpoint
CREATE TABLE `workflow_aliases` (
	`tenant_id` text NOT NULL,
	`workflow` text NOT NULL,
	`alias` text NOT NULL,
	`routes` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `workflow`, `alias`)
);
--> statement-breakpoint
ALTER TABLE `runs` ADD `archive_at` integer;--> statement-breakpoint
ALTER TABLE `runs` ADD `archived_at` integer;--> statement-breakpoint
CREATE INDEX `runs_to_archive` ON `runs` (`archive_at`);