// Tells a process from a later one with the same number. Numbers are given again; the time of the start goes with them.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

/**
 * When process `pid` of this machine started, as a text to compare with another of the same process; undefined where there
 * is no such process, or the system does not say (Windows takes a second to).
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    // The name before it may hold anything, a bracket too. The start is the 22nd field, in ticks since the machine's.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Ended, and nobody asked for its exit code: in a container without an init process it stays for good.
    return fields[0] === "Z" ? "ended" : fields[19];
  }
  if (process.platform === "win32") return undefined;
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  return new Promise((resolve) => {
    execFile("ps", ["-o", "lstart=", "-p", String(pid)], { env, timeout: 5000 }, (error, stdout) => {
      resolve(error === null ? stdout.trim() || undefined : undefined);
    });
  });
}
