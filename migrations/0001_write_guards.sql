-- A guarded statement that changed no row undoes its batch; the table itself stays empty.
CREATE TRIGGER `commit_guard_decides` BEFORE INSERT ON `commit_guard`
BEGIN
  SELECT RAISE(ABORT, 'commit-guard') WHERE NEW.`changed` = 0;
  SELECT RAISE(IGNORE);
END;
--> statement-breakpoint
CREATE TRIGGER `audit_entries_keep` BEFORE UPDATE ON `audit_entries`
BEGIN
  SELECT RAISE(ABORT, 'append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `audit_entries_stay` BEFORE DELETE ON `audit_entries`
BEGIN
  SELECT RAISE(ABORT, 'append-only');
END;
