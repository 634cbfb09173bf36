// Runs before every npm script, on whatever Node the machine has (20 or newer) and with no dependency: installs what
// the lockfile asks for when it is not there yet. npm's own record of the installed tree is compared, so an install
// made by hand counts, and one that was interrupted (npm writes the record last) does not.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const INSTALLED_RECORD = "node_modules/.package-lock.json";
// From here on npm prints its manual.
const NPM_MANUAL = /^npm error Clean install a project$/m;
const TOOLCHAIN_NODE = "node_modules/node/bin/node";

const reason = whyInstall();
if (reason !== null) install(reason);

/** @returns {string | null} */
function whyInstall() {
  if (!existsSync(path.join(root, INSTALLED_RECORD))) return "node_modules is missing";
  if (!existsSync(path.join(root, TOOLCHAIN_NODE))) return "the toolchain's Node is missing";
  const wanted = packagesOf("package-lock.json");
  const installed = packagesOf(INSTALLED_RECORD);
  for (const [folder, { version, optional }] of Object.entries(wanted)) {
    if (folder === "") continue;
    const found = installed[folder]?.version;
    // Optional packages are the binaries of other platforms: absent here is right.
    if (found === undefined && optional) continue;
    if (found !== version) return `${folder} is ${found ?? "missing"}, the lockfile says ${version}`;
  }
  return null;
}

function packagesOf(file) {
  return JSON.parse(readFileSync(path.join(root, file), "utf8")).packages ?? {};
}

function install(why) {
  console.error(`Installing dependencies (${why}) ...`);
  const started = Date.now();
  const { status, error, stdout, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    env: { ...process.env, PATH: pathWithoutToolchain() },
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status === 0) {
    console.error(`Installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return;
  }
  const [reason = ""] = `${stdout ?? ""}${stderr ?? ""}`.split(NPM_MANUAL);
  console.error(reason.trim());
  console.error(failure(error, stderr ?? ""));
  process.exit(1);
}

// npm replaces node_modules, so it must not itself run on the Node that lies in there.
function pathWithoutToolchain() {
  const isToolchain = (entry) => entry.endsWith(path.join("node_modules", ".bin"));
  const entries = (process.env.PATH ?? "").split(path.delimiter);
  return entries.filter((entry) => !isToolchain(entry)).join(path.delimiter);
}

function failure(error, stderr) {
  if (error?.code === "ENOENT") return "npm was not found on PATH: install Node.js 20 or newer, which brings npm.";
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ENETUNREACH/.test(stderr)) {
    return "The package registry cannot be reached. The first install needs a network; connect and run the command again.";
  }
  if (/EUSAGE/.test(stderr))
    return "package.json and package-lock.json do not agree: run `npm install` and commit both.";
  return "Installing failed: the lines above say why. Mend it and run the command again.";
}
