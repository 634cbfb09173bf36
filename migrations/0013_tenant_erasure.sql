ALTER TABLE `tenants` ADD `erased_at` integer;--> statement-breakpoint
CREATE INDEX `tenants_deleted` ON `tenants` (`deleted_at`) WHERE "tenants"."deleted_at" is not null;