import { problem } from "../../domain/kernel/problem.ts";
import type { ChatModels, ProviderAccess, ProviderModels } from "../../services/llm/ports.ts";
import { localModels } from "./local.ts";
import { openAiCompatible } from "./openai-compatible.ts";
import type { UpstreamOptions } from "./upstream.ts";

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
}

/** The models behind every kind of provider. A new kind is one adapter file and one line here. */
export function chatModels(options: ChatModelsOptions): ChatModels {
  return {
    defaults: [LOCAL_PROVIDER, ...(options.defaults ?? [])],
    open(provider): ProviderModels {
      switch (provider.kind) {
        case "openai":
        case "openai-compatible":
          return openAiCompatible(options, provider);
        case "local":
          return localModels(options);
        case "anthropic":
        case "workers-ai":
          throw problem("unavailable", { detail: `The kind ${provider.kind} is not available here.` });
      }
    },
  };
}
