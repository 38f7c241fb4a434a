// `node test/gpu/set-up.mjs`: installs what WebGPU needs on a Linux machine without a GPU, from Debian only: a Vulkan
// loader, and SwiftShader, a GPU in software that comes with Chromium. What cannot be had is said, and no failure.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

function missingPackages() {
  return [...(existsSync(swiftShader) ? [] : ["chromium"]), ...(hasVulkanLoader() ? [] : ["libvulkan1"])];
}

/** Where the dynamic linker looks; Chromium's own copy is of no use to others. */
function hasVulkanLoader() {
  const multiarch = readdirSync("/usr/lib").filter((it) => it.endsWith("-linux-gnu"));
  const folders = ["/usr/lib64", "/usr/lib", "/usr/local/lib", ...multiarch.map((it) => path.join("/usr/lib", it))];
  return folders.some((it) => existsSync(path.join(it, "libvulkan.so.1")));
}

function install(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq"];
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
    const [command, ...rest] = [...sudo, ...apt, ...args];
    if (spawnSync(command, rest, { env, stdio: "ignore", timeout: 240_000 }).status !== 0) return;
  }
}

function say(what) {
  process.stdout.write(`WebGPU in tests: ${what}\n`);
}

if (process.platform !== "linux") {
  say("the GPU of this machine, where it has one");
} else {
  const missing = missingPackages();
  if (missing.length > 0) {
    say(`installing ${missing.join(" and ")} (once) ...`);
    install(missing);
  }
  const still = missingPackages();
  say(still.length === 0 ? "ready" : `no ${still.join(" and no ")} here; without a GPU those tests will be skipped`);
}
