ALTER TABLE `documents` ADD `indexed_generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `latest_generation` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `next_embedding_model` text;--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `reembedding_failures` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `reembedding_error` text;