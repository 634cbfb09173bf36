CREATE TABLE `openid_connections` (
	`tenant_id` text PRIMARY KEY NOT NULL,
	`issuer` text NOT NULL,
	`client_id` text NOT NULL,
	`client_secret` text,
	`email_domains` text NOT NULL,
	`role` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `openid_identities` (
	`tenant_id` text NOT NULL,
	`issuer` text NOT NULL,
	`subject` text NOT NULL,
	`user_id` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `issuer`, `subject`)
);
--> statement-breakpoint
CREATE INDEX `openid_identities_by_user` ON `openid_identities` (`user_id`);--> statement-breakpoint
CREATE TABLE `openid_sign_ins` (
	`hash` text PRIMARY KEY NOT NULL,
	`tenant_id` text NOT NULL,
	`issuer` text NOT NULL,
	`nonce` text NOT NULL,
	`code_verifier` text NOT NULL,
	`redirect_uri` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `openid_sign_ins_by_expiry` ON `openid_sign_ins` (`expires_at`);--> statement-breakpoint
ALTER TABLE `sessions` ADD `via` text;