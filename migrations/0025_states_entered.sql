ALTER TABLE `runs` ADD `states_entered` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
DROP TRIGGER `runs_are_used`;
--> statement-breakpoint
DROP TRIGGER `runs_are_used_further`;
--> statement-breakpoint
UPDATE `runs` SET `states_entered` = ifnull(`run` ->> '$.progress.entered', 0);
--> statement-breakpoint
-- States are counted on the day on which the run told of them.
CREATE TRIGGER `runs_are_used` AFTER INSERT ON `runs`
BEGIN
  INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `workflow`, `runs`, `map_child_runs`)
  VALUES (NEW.`tenant_id`, date(NEW.`started_at` / 1000, 'unixepoch'), 'run', NEW.`workflow`, NEW.`map_state` IS NULL, NEW.`map_state` IS NOT NULL)
  ON CONFLICT DO UPDATE SET
    `runs` = `runs` + excluded.`runs`,
    `map_child_runs` = `map_child_runs` + excluded.`map_child_runs`;
  INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `workflow`, `state_transitions`)
  VALUES (NEW.`tenant_id`, date(NEW.`projected_at` / 1000, 'unixepoch'), 'run', NEW.`workflow`, NEW.`states_entered`)
  ON CONFLICT DO UPDATE SET `state_transitions` = `state_transitions` + excluded.`state_transitions`;
END;
--> statement-breakpoint
CREATE TRIGGER `runs_are_used_further` AFTER UPDATE OF `states_entered` ON `runs` WHEN NEW.`states_entered` <> OLD.`states_entered`
BEGIN
  INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `workflow`, `state_transitions`)
  VALUES (NEW.`tenant_id`, date(NEW.`projected_at` / 1000, 'unixepoch'), 'run', NEW.`workflow`, NEW.`states_entered` - OLD.`states_entered`)
  ON CONFLICT DO UPDATE SET `state_transitions` = `state_transitions` + excluded.`state_transitions`;
END;
