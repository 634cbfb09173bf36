import { problem } from "../../domain/kernel/problem.ts";
import type { ChatModels, ProviderAccess, ProviderModels } from "../../services/llm/ports.ts";
import { anthropic } from "./anthropic.ts";
import { localModels } from "./local.ts";
import { openAiCompatible } from "./openai-compatible.ts";
import type { UpstreamOptions } from "./upstream.ts";
import { WORKERS_AI_PROVIDER, type WorkersAi, workersAi } from "./workers-ai.ts";

/** `local` needs no registration: it is a part of this platform. */
export const LOCAL_PROVIDER: ProviderAccess = {
  name: "local",
  kind: "local",
  baseUrl: null,
  apiKey: null,
  timeoutMs: 30_000,
  prices: {},
};

export interface ChatModelsOptions extends UpstreamOptions {
  /** Providers of the whole platform, beside `local`. */
  defaults?: readonly ProviderAccess[];
  /** The binding, where the Worker is deployed with one. */
  ai?: WorkersAi | null;
}

/** The models behind every kind of provider. A new kind is one adapter file and one line here. */
export function chatModels(options: ChatModelsOptions): ChatModels {
  /** Most calls lead to the same few providers, as the isolate remembers them. */
  const opened = new WeakMap<ProviderAccess, ProviderModels>();
  return {
    defaults: [LOCAL_PROVIDER, ...(options.ai ? [WORKERS_AI_PROVIDER] : []), ...(options.defaults ?? [])],
    open(provider) {
      const models = opened.get(provider) ?? modelsOf(options, provider);
      opened.set(provider, models);
      return models;
    },
  };
}

function modelsOf(options: ChatModelsOptions, provider: ProviderAccess): ProviderModels {
  switch (provider.kind) {
    case "anthropic":
      return anthropic(options, provider);
    case "openai":
    case "openai-compatible":
      return openAiCompatible(options, provider);
    case "local":
      return localModels(options);
    case "workers-ai":
      if (options.ai) return workersAi(options.ai, options.clock, provider);
      throw problem("unavailable", {
        detail: "Workers AI has no local mode: it is there where the Worker is deployed.",
      });
  }
}
