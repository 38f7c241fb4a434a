// What the processes of VS Code (server, extension host, language server, trainer, their native code) tried to reach
// beyond this machine, read from strace. A preload hook would see nothing: VS Code strips it from the extension host.
import { existsSync, readFileSync } from "node:fs";

const strace = "/usr/bin/strace";

/** The command that runs another one under strace; empty where there is none. */
export function traced(file) {
  if (!existsSync(strace)) return [];
  return [
    strace,
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-s",
    "300",
    "-e",
    "trace=connect,sendto,sendmmsg",
    "-e",
    "signal=none",
    "-o",
    file,
  ];
}

const inside = /^(127\.|0\.0\.0\.0$|::1$|::$|::ffff:127\.)/;

/** Addresses, and the host names that were asked for; undefined where nothing was traced. */
export function reachedOutside(file) {
  if (!existsSync(file)) return undefined;
  const found = new Set();
  const resolvers = new Set();
  for (const line of readFileSync(file, "latin1").split("\n")) {
    const [, thread, call, socket] = /^(\d+)\s+(connect|sendto|sendmmsg)\((\d+),/.exec(line) ?? [];
    if (call === undefined) continue;
    const key = `${thread}/${socket}`;
    const address = /sin6?_port=htons\((\d+)\).*?(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"/.exec(line);
    if (address !== null && !inside.test(address[2])) {
      if (address[1] === "53") resolvers.add(key);
      else if (call === "connect" && !/SOCK_DGRAM/.test(line)) found.add(`${address[2]}:${address[1]}`);
    }
    if (resolvers.has(key) && call !== "connect") for (const name of namesAsked(line)) found.add(name);
  }
  return [...found];
}

/** Host names in the DNS queries of a line, from the escapes of strace. */
function namesAsked(line) {
  const packets = [...line.matchAll(/(?:iov_base=|\d, )"((?:[^"\\]|\\.)*)"/g)].map((it) => bytesOf(it[1]));
  return packets.flatMap((bytes) => {
    const labels = [];
    for (let at = 12; bytes[at] > 0 && bytes[at] < 64; at += bytes[at] + 1) {
      labels.push(String.fromCharCode(...bytes.slice(at + 1, at + 1 + bytes[at])));
    }
    return labels.length > 0 ? [labels.join(".")] : [];
  });
}

const escapes = { n: 10, t: 9, r: 13, v: 11, f: 12, a: 7, b: 8 };

function bytesOf(escaped) {
  return [...escaped.matchAll(/\\([0-7]{1,3})|\\(.)|([^\\])/g)].map(([, octal, letter, plain]) => {
    if (octal !== undefined) return Number.parseInt(octal, 8);
    return letter === undefined ? plain.charCodeAt(0) : (escapes[letter] ?? letter.charCodeAt(0));
  });
}
