-- Usage by day is written with the rows that tell of it, in their own transaction. What is there already is counted at the end.

-- The bill knows the workflow of each of its runs from here on.
UPDATE `model_calls` SET `workflow` = (
  SELECT `workflow` FROM `runs` WHERE `runs`.`tenant_id` = `model_calls`.`tenant_id` AND `runs`.`id` = `model_calls`.`run_id`
) WHERE `run_id` IS NOT NULL;
--> statement-breakpoint
-- What one row of the bill adds. What the cache answered used nothing up.
CREATE VIEW `model_call_usage` AS SELECT
  `id`,
  `tenant_id`,
  date(`started_at` / 1000, 'unixepoch') AS `day`,
  `kind`,
  `provider` || '/' || `model` AS `model`,
  iif(`actor_type` IN ('user', 'api-key'), `actor_id`, '') AS `user`,
  coalesce(`workflow`, '') AS `workflow`,
  `cache` IS NULL AS `calls`,
  `cache` IS NULL AND `status` IN ('failed', 'interrupted') AS `failures`,
  iif(`cache` IS NULL, `prompt_tokens`, 0) AS `input_tokens`,
  iif(`cache` IS NULL, `cached_prompt_tokens`, 0) AS `cached_input_tokens`,
  iif(`cache` IS NULL, `completion_tokens`, 0) AS `output_tokens`,
  -- A call that failed used nothing, and there was nothing to estimate.
  `cache` IS NULL AND `is_estimated` AND `status` <> 'failed' AS `estimated_calls`,
  iif(`cache` IS NULL AND `is_estimated`, `prompt_tokens`, 0) AS `estimated_input_tokens`,
  iif(`cache` IS NULL AND `is_estimated`, `completion_tokens`, 0) AS `estimated_output_tokens`,
  `cost_usd_micros`,
  `cache` IS NULL AND NOT `is_priced` AS `unpriced_calls`,
  `cache` IS NOT NULL AS `cache_hits`,
  `saved_usd_micros`
FROM `model_calls`;
--> statement-breakpoint
CREATE TRIGGER `model_calls_are_used` AFTER INSERT ON `model_calls`
BEGIN
  INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `model`, `user`, `workflow`, `calls`, `failures`, `input_tokens`,
    `cached_input_tokens`, `output_tokens`, `estimated_calls`, `estimated_input_tokens`, `estimated_output_tokens`,
    `cost_usd_micros`, `unpriced_calls`, `cache_hits`, `saved_usd_micros`)
  SELECT `tenant_id`, `day`, `kind`, `model`, `user`, `workflow`, `calls`, `failures`, `input_tokens`,
    `cached_input_tokens`, `output_tokens`, `estimated_calls`, `estimated_input_tokens`, `estimated_output_tokens`,
    `cost_usd_micros`, `unpriced_calls`, `cache_hits`, `saved_usd_micros`
  FROM `model_call_usage` WHERE `id` = NEW.`id`
  ON CONFLICT DO UPDATE SET
    `calls` = `calls` + excluded.`calls`,
    `failures` = `failures` + excluded.`failures`,
    `input_tokens` = `input_tokens` + excluded.`input_tokens`,
    `cached_input_tokens` = `cached_input_tokens` + excluded.`cached_input_tokens`,
    `output_tokens` = `output_tokens` + excluded.`output_tokens`,
    `estimated_calls` = `estimated_calls` + excluded.`estimated_calls`,
    `estimated_input_tokens` = `estimated_input_tokens` + excluded.`estimated_input_tokens`,
    `estimated_output_tokens` = `estimated_output_tokens` + excluded.`estimated_output_tokens`,
    `cost_usd_micros` = `cost_usd_micros` + excluded.`cost_usd_micros`,
    `unpriced_calls` = `unpriced_calls` + excluded.`unpriced_calls`,
    `cache_hits` = `cache_hits` + excluded.`cache_hits`,
    `saved_usd_micros` = `saved_usd_micros` + excluded.`saved_usd_micros`;
END;
--> statement-breakpoint
-- A repeat takes the place of a call that had failed: its usage takes the place of that one's.
CREATE TRIGGER `model_calls_were_used` BEFORE UPDATE ON `model_calls`
BEGIN
  UPDATE `usage_days` SET
    `calls` = `usage_days`.`calls` - `was`.`calls`,
    `failures` = `usage_days`.`failures` - `was`.`failures`,
    `input_tokens` = `usage_days`.`input_tokens` - `was`.`input_tokens`,
    `cached_input_tokens` = `usage_days`.`cached_input_tokens` - `was`.`cached_input_tokens`,
    `output_tokens` = `usage_days`.`output_tokens` - `was`.`output_tokens`,
    `estimated_calls` = `usage_days`.`estimated_calls` - `was`.`estimated_calls`,
    `estimated_input_tokens` = `usage_days`.`estimated_input_tokens` - `was`.`estimated_input_tokens`,
    `estimated_output_tokens` = `usage_days`.`estimated_output_tokens` - `was`.`estimated_output_tokens`,
    `cost_usd_micros` = `usage_days`.`cost_usd_micros` - `was`.`cost_usd_micros`,
    `unpriced_calls` = `usage_days`.`unpriced_calls` - `was`.`unpriced_calls`,
    `cache_hits` = `usage_days`.`cache_hits` - `was`.`cache_hits`,
    `saved_usd_micros` = `usage_days`.`saved_usd_micros` - `was`.`saved_usd_micros`
  FROM `model_call_usage` AS `was`
  WHERE `was`.`id` = OLD.`id`
    AND `usage_days`.`tenant_id` = `was`.`tenant_id` AND `usage_days`.`day` = `was`.`day` AND `usage_days`.`kind` = `was`.`kind`
    AND `usage_days`.`model` = `was`.`model` AND `usage_days`.`user` = `was`.`user` AND `usage_days`.`workflow` = `was`.`workflow`;
END;
--> statement-breakpoint
CREATE TRIGGER `model_calls_are_used_again` AFTER UPDATE ON `model_calls`
BEGIN
  INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `model`, `user`, `workflow`, `calls`, `failures`, `input_tokens`,
    `cached_input_tokens`, `output_tokens`, `estimated_calls`, `estimated_input_tokens`, `estimated_output_tokens`,
    `cost_usd_micros`, `unpriced_calls`, `cache_hits`, `saved_usd_micros`)
  SELECT `tenant_id`, `day`, `kind`, `model`, `user`, `workflow`, `calls`, `failures`, `input_tokens`,
    `cached_input_tokens`, `output_tokens`, `estimated_calls`, `estimated_input_tokens`, `estimated_output_tokens`,
    `cost_usd_micros`, `unpriced_calls`, `cache_hits`, `saved_usd_micros`
  FROM `model_call_usage` WHERE `id` = NEW.`id`
  ON CONFLICT DO UPDATE SET
    `calls` = `calls` + excluded.`calls`,
    `failures` = `failures` + excluded.`failures`,
    `input_tokens` = `input_tokens` + excluded.`input_tokens`,
    `cached_input_tokens` = `cached_input_tokens` + excluded.`cached_input_tokens`,
    `output_tokens` = `output_tokens` + excluded.`output_tokens`,
    `estimated_calls` = `estimated_calls` + excluded.`estimated_calls`,
    `estimated_input_tokens` = `estimated_input_tokens` + excluded.`estimated_input_tokens`,
    `estimated_output_tokens` = `estimated_output_tokens` + excluded.`estimated_output_tokens`,
    `cost_usd_micros` = `cost_usd_micros` + excluded.`cost_usd_micros`,
    `unpriced_calls` = `unpriced_calls` + excluded.`unpriced_calls`,
    `cache_hits` = `cache_hits` + excluded.`cache_hits`,
    `saved_usd_micros` = `saved_usd_micros` + excluded.`saved_usd_micros`;
END;
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
  VALUES (NEW.`tenant_id`, date(NEW.`projected_at` / 1000, 'unixepoch'), 'run', NEW.`workflow`, ifnull(NEW.`run` ->> '$.progress.entered', 0))
  ON CONFLICT DO UPDATE SET `state_transitions` = `state_transitions` + excluded.`state_transitions`;
END;
--> statement-breakpoint
CREATE TRIGGER `runs_are_used_further` AFTER UPDATE OF `run` ON `runs`
BEGIN
  INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `workflow`, `state_transitions`)
  VALUES (NEW.`tenant_id`, date(NEW.`projected_at` / 1000, 'unixepoch'), 'run', NEW.`workflow`,
    ifnull(NEW.`run` ->> '$.progress.entered', 0) - ifnull(OLD.`run` ->> '$.progress.entered', 0))
  ON CONFLICT DO UPDATE SET `state_transitions` = `state_transitions` + excluded.`state_transitions`;
END;
--> statement-breakpoint
CREATE TRIGGER `documents_are_used` AFTER UPDATE OF `indexed_at` ON `documents` WHEN NEW.`status` = 'indexed'
BEGIN
  INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `documents`, `chunks`)
  VALUES (NEW.`tenant_id`, date(NEW.`indexed_at` / 1000, 'unixepoch'), 'document', 1, NEW.`chunks`)
  ON CONFLICT DO UPDATE SET `documents` = `documents` + 1, `chunks` = `chunks` + excluded.`chunks`;
END;
--> statement-breakpoint
INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `model`, `user`, `workflow`, `calls`, `failures`, `input_tokens`,
  `cached_input_tokens`, `output_tokens`, `estimated_calls`, `estimated_input_tokens`, `estimated_output_tokens`,
  `cost_usd_micros`, `unpriced_calls`, `cache_hits`, `saved_usd_micros`)
SELECT `tenant_id`, `day`, `kind`, `model`, `user`, `workflow`, sum(`calls`), sum(`failures`), sum(`input_tokens`),
  sum(`cached_input_tokens`), sum(`output_tokens`), sum(`estimated_calls`), sum(`estimated_input_tokens`), sum(`estimated_output_tokens`),
  sum(`cost_usd_micros`), sum(`unpriced_calls`), sum(`cache_hits`), sum(`saved_usd_micros`)
FROM `model_call_usage` GROUP BY `tenant_id`, `day`, `kind`, `model`, `user`, `workflow`;
--> statement-breakpoint
-- When the states of the past were entered is not known here: they count on the day of their run.
INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `workflow`, `runs`, `map_child_runs`, `state_transitions`)
SELECT `tenant_id`, date(`started_at` / 1000, 'unixepoch') AS `on`, 'run', `workflow`, sum(`map_state` IS NULL), sum(`map_state` IS NOT NULL),
  sum(ifnull(`run` ->> '$.progress.entered', 0))
FROM `runs` GROUP BY `tenant_id`, `on`, `workflow`;
--> statement-breakpoint
INSERT INTO `usage_days` (`tenant_id`, `day`, `kind`, `documents`, `chunks`)
SELECT `tenant_id`, date(`indexed_at` / 1000, 'unixepoch') AS `on`, 'document', count(*), sum(`chunks`)
FROM `documents` WHERE `indexed_at` IS NOT NULL GROUP BY `tenant_id`, `on`;
