ALTER TABLE `runs` ADD `map_state` text;--> statement-breakpoint
CREATE INDEX `runs_by_parent` ON `runs` (`tenant_id`,`parent_run_id`,`started_at`,`id`);