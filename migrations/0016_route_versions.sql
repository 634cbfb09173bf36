CREATE TABLE `model_route_versions` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`settings` text NOT NULL,
	`restored_from` integer,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`, `version`)
);
--> statement-breakpoint
ALTER TABLE `experiments` ADD `route_version` integer;--> statement-breakpoint
-- Written by hand: routes that were there before their history begin it as what they are.
INSERT INTO `model_route_versions` (`tenant_id`, `name`, `version`, `settings`, `actor_type`, `actor_id`, `created_at`)
SELECT `tenant_id`, `name`, `version`,
  json_object(
    'strategy', `strategy`, 'targets', json(`targets`), 'retries', `retries`, 'timeoutMs', `timeout_ms`,
    'guardrails', json(coalesce(`guardrails`, '[]')), 'budget', json(`budget`), 'cache', json(`cache`),
    'fallbackAnswer', json(`fallback_answer`)
  ),
  'system', 'migration', `updated_at`
FROM `model_routes`;
