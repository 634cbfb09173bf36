CREATE TABLE `audit_dropping` (
	`entry_id` text PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE `audit_unsealed` (
	`entry_id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_unsealed_by_tenant` ON `audit_unsealed` (`tenant_id`,`entry_id`);--> statement-breakpoint
ALTER TABLE `audit_entries` ADD `proof` text;