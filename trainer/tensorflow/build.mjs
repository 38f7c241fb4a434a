// `node trainer/tensorflow/build.mjs`: makes the engine "tfjs" where the install script of tfjs-node-gpu cannot download
// its library, or where that library (TensorFlow 2.9) is too old for the GPU. It builds the package's binding from its
// npm source against the TensorFlow that PyPI carries. Linux only; needs a C++17 compiler, and Python with pip.
// `--cpu` takes the smaller TensorFlow without CUDA, `--folder <path>` another place than the one Tagwright looks in.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

const tfjs = "@tensorflow/tfjs-node-gpu@4.22.0";
const headers = "node-api-headers@1.9.0";
const version = "2.21.0";

const { values } = parseArgs({ options: { cpu: { type: "boolean" }, folder: { type: "string" } } });
const folder = path.resolve(
  values.folder ?? path.join(process.env.TAGWRIGHT_HOME || path.join(os.homedir(), ".tagwright"), "engines"),
);
const python = path.join(folder, "python");
const tensorflow = path.join(python, "tensorflow");
const modules = path.join(folder, "node_modules");
const source = path.join(modules, "@tensorflow/tfjs-node-gpu");

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function run(what, command, args, options = {}) {
  process.stdout.write(`${what} ...\n`);
  const { status, error } = spawnSync(command, args, {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    ...options,
  });
  if (status !== 0) fail(`"${command} ${args.join(" ")}" failed${error === undefined ? "" : `: ${error.message}`}`);
}

/** CUDA's own libraries come along as packages that TensorFlow finds beside itself. */
function installTensorFlow() {
  const wanted = values.cpu ? [`tensorflow-cpu==${version}`, "--no-deps"] : [`tensorflow[and-cuda]==${version}`];
  const flags = ["--quiet", "--disable-pip-version-check", "--upgrade", "--only-binary=:all:", "--target", python];
  const size = values.cpu ? "0.3 GB" : "4 GB with CUDA";
  run(`Downloading TensorFlow ${version} from PyPI (${size})`, "python3", [
    "-m",
    "pip",
    "install",
    ...flags,
    ...wanted,
  ]);
}

function installSource() {
  const file = path.join(folder, "package.json");
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify({ name: "tagwright-engines", private: true })}\n`);
  // Its own install script downloads what is built here.
  const flags = ["--ignore-scripts", "--save-exact", "--no-audit", "--no-fund", "--loglevel=error"];
  run(`Installing ${tfjs} from npm`, "npm", ["install", ...flags, tfjs, headers]);
}

function build() {
  // Where node-pre-gyp looks: one folder for each version of Node-API, the newest that both know.
  const out = path.join(source, "lib", "napi-v8");
  mkdirSync(out, { recursive: true });
  const includes = [path.join(tensorflow, "include"), path.join(modules, "node-api-headers/include"), "."];
  const libraries = ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"];
  run(
    "Compiling the binding",
    process.env.CXX ?? "c++",
    [
      ...["-shared", "-fPIC", "-O2", "-std=c++17", "-DNAPI_VERSION=8"],
      ...includes.map((it) => `-I${it}`),
      ...["binding/tfjs_backend.cc", "binding/tfjs_binding.cc", "-o", path.join(out, "tfjs_binding.node")],
      ...[`-L${tensorflow}`, ...libraries, `-Wl,-rpath,$ORIGIN/${path.relative(out, tensorflow)}`],
    ],
    { cwd: source },
  );
}

/** In a process of its own, by another name than the package's: this one should be able to say what went wrong. */
function tryOut() {
  const program = `
    const util = require("node:util");
    util.isNullOrUndefined ??= (it) => it === null || it === undefined;
    util.isArray ??= Array.isArray;
    const tf = require(${JSON.stringify(createRequire(path.join(folder, "package.json")).resolve(source))});
    const [sum] = tf.matMul([[1, 2]], [[3], [4]]).dataSync();
    if (sum !== 11) throw new Error("a product came out wrong: " + sum);
    console.log("It works, on the " + (tf.backend().isUsingGpuDevice ? "GPU" : "CPU") + ".");`;
  run("Trying it", process.execPath, ["-e", program], { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2" } });
}

if (process.platform !== "linux")
  fail("Only for Linux: elsewhere install @tensorflow/tfjs-node-gpu with its own script.");
mkdirSync(folder, { recursive: true });
installTensorFlow();
installSource();
build();
tryOut();
process.stdout.write(`The engine "tfjs" is in ${folder}.\n`);
