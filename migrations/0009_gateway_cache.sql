ALTER TABLE `model_calls` ADD `cache` text;--> statement-breakpoint
ALTER TABLE `model_calls` ADD `saved_usd_micros` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `model_routes` ADD `cache` text;--> statement-breakpoint
ALTER TABLE `model_routes` ADD `fallback_answer` text;--> statement-breakpoint
ALTER TABLE `providers` ADD `counts_rate_limits` integer DEFAULT true NOT NULL;