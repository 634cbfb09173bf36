CREATE TABLE `audit_entries` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`at` integer NOT NULL,
	`action` text NOT NULL,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`target_type` text,
	`target_id` text,
	`ip` text,
	`user_agent` text,
	`request_id` text NOT NULL,
	`details` text
);
--> statement-breakpoint
CREATE INDEX `audit_entries_by_time` ON `audit_entries` (`tenant_id`,`at`,`id`);--> statement-breakpoint
CREATE INDEX `audit_entries_by_action` ON `audit_entries` (`tenant_id`,`action`,`at`);--> statement-breakpoint
CREATE INDEX `audit_entries_by_actor` ON `audit_entries` (`tenant_id`,`actor_id`,`at`);--> statement-breakpoint
CREATE INDEX `audit_entries_by_target` ON `audit_entries` (`tenant_id`,`target_id`,`at`);--> statement-breakpoint
CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`prefix` text NOT NULL,
	`last_four` text NOT NULL,
	`scopes` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	`replaced_by` text,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_by_hash` ON `api_keys` (`hash`);--> statement-breakpoint
CREATE INDEX `api_keys_by_tenant` ON `api_keys` (`tenant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `invitations` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`email` text NOT NULL,
	`role` text NOT NULL,
	`token_hash` text NOT NULL,
	`invited_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`accepted_at` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitations_by_token` ON `invitations` (`token_hash`);--> statement-breakpoint
CREATE INDEX `invitations_by_tenant` ON `invitations` (`tenant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `mailed_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`user_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer
);
--> statement-breakpoint
CREATE INDEX `mailed_tokens_by_user` ON `mailed_tokens` (`user_id`,`purpose`);--> statement-breakpoint
CREATE INDEX `mailed_tokens_by_expiry` ON `mailed_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `mails` (
	`id` text PRIMARY KEY NOT NULL,
	`recipient` text NOT NULL,
	`subject` text NOT NULL,
	`text` text NOT NULL,
	`html` text,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `mails_by_recipient` ON `mails` (`recipient`,`at`,`id`);--> statement-breakpoint
CREATE INDEX `mails_by_time` ON `mails` (`at`,`id`);--> statement-breakpoint
CREATE TABLE `memberships` (
	`tenant_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`joined_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `user_id`)
);
--> statement-breakpoint
CREATE INDEX `memberships_by_user` ON `memberships` (`user_id`,`joined_at`);--> statement-breakpoint
CREATE TABLE `refresh_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer,
	`successor_salt` text,
	`successor_hash` text
);
--> statement-breakpoint
CREATE INDEX `refresh_tokens_by_expiry` ON `refresh_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`user_id` text NOT NULL,
	`ip` text,
	`user_agent` text,
	`created_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `sessions_by_user` ON `sessions` (`user_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `sign_in_attempts` (
	`subject` text PRIMARY KEY NOT NULL,
	`full_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sign_in_attempts_by_time` ON `sign_in_attempts` (`full_at`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`name` text,
	`password_hash` text NOT NULL,
	`email_verified_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_by_email` ON `users` (`email`);--> statement-breakpoint
CREATE TABLE `commit_guard` (
	`changed` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`tenant_id` text NOT NULL,
	`principal` text NOT NULL,
	`key` text NOT NULL,
	`fingerprint` text NOT NULL,
	`lease_until` integer,
	`status` integer,
	`headers` text,
	`body` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `principal`, `key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_by_age` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`type` text NOT NULL,
	`payload` text NOT NULL,
	`status` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`available_at` integer NOT NULL,
	`cause` text,
	`created_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `tasks_due` ON `tasks` (`status`,`available_at`);--> statement-breakpoint
CREATE INDEX `tasks_by_tenant` ON `tasks` (`tenant_id`,`created_at`,`id`);--> statement-breakpoint
CREATE TABLE `unreadable_messages` (
	`id` text PRIMARY KEY NOT NULL,
	`body` text NOT NULL,
	`cause` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `documents` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`knowledge_base_id` text NOT NULL,
	`external_id` text,
	`title` text NOT NULL,
	`content_type` text NOT NULL,
	`source_url` text,
	`metadata` text NOT NULL,
	`status` text NOT NULL,
	`version` integer NOT NULL,
	`folder` text NOT NULL,
	`indexed_version` integer,
	`indexed_folder` text,
	`attempts` integer DEFAULT 0 NOT NULL,
	`characters` integer DEFAULT 0 NOT NULL,
	`chunks` integer DEFAULT 0 NOT NULL,
	`error` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`indexed_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `documents_by_external_id` ON `documents` (`tenant_id`,`knowledge_base_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `documents_by_knowledge_base` ON `documents` (`tenant_id`,`knowledge_base_id`,`id`,`chunks`);--> statement-breakpoint
CREATE TABLE `knowledge_bases` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`chunking` text NOT NULL,
	`embedding_model` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `knowledge_bases_by_tenant` ON `knowledge_bases` (`tenant_id`,`id`);--> statement-breakpoint
CREATE TABLE `model_calls` (
	`id` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`provider` text NOT NULL,
	`model` text NOT NULL,
	`route` text,
	`is_streamed` integer NOT NULL,
	`prompt_tokens` integer NOT NULL,
	`cached_prompt_tokens` integer NOT NULL,
	`completion_tokens` integer NOT NULL,
	`is_estimated` integer NOT NULL,
	`cost_usd_micros` integer NOT NULL,
	`is_priced` integer NOT NULL,
	`finish_reason` text,
	`problem` text,
	`started_at` integer NOT NULL,
	`first_token_ms` integer,
	`duration_ms` integer NOT NULL,
	`actor_type` text NOT NULL,
	`actor_id` text NOT NULL,
	`run_id` text,
	`run_state` text,
	`request_id` text NOT NULL,
	`trace_id` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `model_calls_by_time` ON `model_calls` (`tenant_id`,`started_at`,`id`);--> statement-breakpoint
CREATE INDEX `model_calls_by_model` ON `model_calls` (`tenant_id`,`provider`,`model`,`started_at`);--> statement-breakpoint
CREATE INDEX `model_calls_by_run` ON `model_calls` (`tenant_id`,`run_id`);--> statement-breakpoint
CREATE TABLE `providers` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`base_url` text,
	`sealed_api_key` text,
	`timeout_ms` integer NOT NULL,
	`prices` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`)
);
--> statement-breakpoint
CREATE TABLE `tenants` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`settings` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE TABLE `reviews` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`run_id` text NOT NULL,
	`workflow` text NOT NULL,
	`state` text NOT NULL,
	`title` text NOT NULL,
	`payload` text,
	`assignee_role` text,
	`due_at` integer,
	`status` text NOT NULL,
	`requested_at` integer NOT NULL,
	`output` text,
	`comment` text,
	`decided_by` text,
	`decided_at` integer,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `reviews_by_status` ON `reviews` (`tenant_id`,`status`,`requested_at`,`id`);--> statement-breakpoint
CREATE INDEX `reviews_by_time` ON `reviews` (`tenant_id`,`requested_at`,`id`);--> statement-breakpoint
CREATE TABLE `runs` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`workflow` text NOT NULL,
	`status` text NOT NULL,
	`seq` integer NOT NULL,
	`started_at` integer NOT NULL,
	`stopped_at` integer,
	`parent_run_id` text,
	`run` text NOT NULL,
	`projected_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `runs_by_time` ON `runs` (`tenant_id`,`started_at`,`id`);--> statement-breakpoint
CREATE INDEX `runs_by_workflow` ON `runs` (`tenant_id`,`workflow`,`started_at`,`id`);--> statement-breakpoint
CREATE INDEX `runs_by_status` ON `runs` (`tenant_id`,`status`,`started_at`,`id`);--> statement-breakpoint
CREATE INDEX `runs_unfinished` ON `runs` (`status`,`projected_at`);--> statement-breakpoint
CREATE TABLE `workflow_versions` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`version` integer NOT NULL,
	`type` text NOT NULL,
	`description` text,
	`definition` text NOT NULL,
	`digest` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `name`, `version`)
);
--> statement-breakpoint
CREATE TABLE `workflows` (
	`tenant_id` text NOT NULL,
	`name` text NOT NULL,
	`id` text NOT NULL,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	PRIMARY KEY(`tenant_id`, `name`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `workflows_by_id` ON `workflows` (`id`);