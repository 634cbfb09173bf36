CREATE TABLE `activities` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`tags` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`)
);
