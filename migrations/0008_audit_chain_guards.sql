-- Whoever inserts an entry, it waits to be sealed.
CREATE TRIGGER `audit_entries_wait` AFTER INSERT ON `audit_entries`
BEGIN
  INSERT INTO `audit_unsealed` (`entry_id`, `tenant_id`) VALUES (NEW.`id`, NEW.`tenant_id`);
END;
--> statement-breakpoint
DROP TRIGGER `audit_entries_stay`;
--> statement-breakpoint
-- Only what retention names in the same batch may go.
CREATE TRIGGER `audit_entries_stay` BEFORE DELETE ON `audit_entries`
BEGIN
  SELECT RAISE(ABORT, 'append-only') WHERE NOT EXISTS (SELECT 1 FROM `audit_dropping` WHERE `entry_id` = OLD.`id`);
END;
