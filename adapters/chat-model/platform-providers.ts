import { DEFAULT_TIMEOUT_MS } from "../../domain/llm/provider.ts";
import type { ProviderAccess } from "../../services/llm/ports.ts";

/** The settings that name providers for the whole platform. */
export interface PlatformProviderSettings {
  OPENAI_API_KEY: string | null;
  OPENAI_BASE_URL: string | null;
  ANTHROPIC_API_KEY: string | null;
}

/** Providers that every tenant has because the platform was given their keys. An address without a key is a server that asks for none. */
export function platformProviders(settings: PlatformProviderSettings): ProviderAccess[] {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY } = settings;
  const shared = { timeoutMs: DEFAULT_TIMEOUT_MS, prices: {} };
  const found: ProviderAccess[] = [];
  if (OPENAI_API_KEY !== null || OPENAI_BASE_URL !== null) {
    // OpenAI's prices hold at OpenAI's own address alone.
    const kind = OPENAI_BASE_URL === null ? "openai" : "openai-compatible";
    found.push({ ...shared, name: "openai", kind, baseUrl: OPENAI_BASE_URL, apiKey: OPENAI_API_KEY });
  }
  if (ANTHROPIC_API_KEY !== null) {
    found.push({ ...shared, name: "anthropic", kind: "anthropic", baseUrl: null, apiKey: ANTHROPIC_API_KEY });
  }
  return found;
}
