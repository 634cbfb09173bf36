CREATE TABLE `limit_overrides` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`limit` integer NOT NULL,
	`window_seconds` integer,
	`expires_at` integer,
	`set_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`)
);
--> statement-breakpoint
CREATE TABLE `standings` (
	`tenant_id` text PRIMARY KEY NOT NULL,
	`plan` text NOT NULL,
	`period_anchor_at` integer,
	`suspended_at` integer,
	`suspended_reason` text,
	`updated_at` integer NOT NULL
);
