import path from "node:path";
import { type BuildContext, context } from "esbuild";
import type { V4ModuleDefinition } from "miniflare";

export interface Bundler {
  /** The modules of the Worker as it stands on disk now; fast after the first time. Throws with esbuild's messages. */
  build(): Promise<V4ModuleDefinition[]>;
  dispose(): Promise<void>;
}

const MAIN = "main.js";

/** Bundles the Worker the way the deployment does: one module, platform modules left to workerd, Wasm beside it. */
export async function bundler(root: string, main: string): Promise<Bundler> {
  const build: BuildContext = await context({
    absWorkingDir: root,
    entryPoints: { main },
    outdir: path.join(root, "node_modules/.cache/weft/local"),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".wasm": "copy", ".sql": "text", ".txt": "text", ".html": "text", ".bin": "binary" },
    assetNames: "[name]-[hash]",
    // As wrangler.toml says: esbuild's way to keep names runs at every function that is made.
    keepNames: false,
    logLevel: "silent",
    plugins: [{ name: "node-builtins", setup: prefixNodeBuiltins }],
  });
  return {
    build: async () => {
      const { outputFiles = [] } = await build.rebuild();
      const modules = outputFiles.map(({ path: file, contents }): V4ModuleDefinition => {
        const type = file.endsWith(".wasm") ? "CompiledWasm" : "ESModule";
        return { type, path: path.basename(file), contents: new Uint8Array(contents) };
      });
      // Miniflare takes the first module as the entry.
      return modules.toSorted((a, b) => Number(b.path === MAIN) - Number(a.path === MAIN));
    },
    dispose: () => build.dispose(),
  };
}

// Packages still write `import "crypto"`; workerd knows the builtins only by their full names.
function prefixNodeBuiltins(build: import("esbuild").PluginBuild): void {
  const bare =
    /^(?:assert|async_hooks|buffer|crypto|events|http|https|net|os|path|process|querystring|stream|string_decoder|timers|tls|url|util|zlib)(?:\/.*)?$/;
  build.onResolve({ filter: bare }, ({ path: name, kind }) => {
    return kind === "import-statement" || kind === "dynamic-import" || kind === "require-call"
      ? { path: `node:${name}`, external: true }
      : null;
  });
}
