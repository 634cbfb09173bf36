CREATE TABLE `closures` (
	`hash` text PRIMARY KEY NOT NULL,
	`tenant_id` text,
	`sealed` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `closures_by_expiry` ON `closures` (`expires_at`);--> statement-breakpoint
CREATE INDEX `closures_by_tenant` ON `closures` (`tenant_id`);--> statement-breakpoint
CREATE TABLE `person_keys` (
	`user_id` text PRIMARY KEY NOT NULL,
	`key` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `audit_entries` ADD `personal` text;