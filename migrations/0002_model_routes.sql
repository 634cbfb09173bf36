CREATE TABLE `model_routes` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`strategy` text NOT NULL,
	`targets` text NOT NULL,
	`retries` integer,
	`timeout_ms` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`)
);
