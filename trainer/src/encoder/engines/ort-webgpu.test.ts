// On this machine's GPU, or on SwiftShader, a GPU in software (node test/gpu/set-up.mjs installs it).
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import type { Engine } from "./engine.ts";
import { engineContract } from "./engine-contract.ts";
import { newOrtEngine } from "./ort.ts";

const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";
const hasGpu = ["/dev/dri", "/dev/nvidia0"].some((it) => existsSync(it));
if (!hasGpu && existsSync(swiftShader)) process.env["VK_ICD_FILENAMES"] ??= swiftShader;

const engine = await newOrtEngine("webgpu").catch((error: Error) => error.message);

if (typeof engine === "string") {
  test.skip(`skipped, no GPU and no SwiftShader: ${engine}`, () => {});
} else {
  await engine.dispose();
  webGpuTests(() => newOrtEngine("webgpu"));
}

function webGpuTests(open: () => Promise<Engine>): void {
  engineContract("onnxruntime on WebGPU", open, () => newOrtEngine("cpu"));

  test("state of every element type keeps its values, on the device or beside it", async () => {
    const engine = await open();
    const types = ["float32", "int32", "int64", "int8", "uint8"] as const;
    const inputs = types.map((type) => ({ name: type, type, shape: [2, 2] }));
    const result = { name: "sum", type: "float32", shape: [2, 2] } as const;
    const graph = {
      name: "types",
      inputs,
      outputs: [result],
      constants: [],
      nodes: [{ op: "Add", inputs: ["float32", "float32"], outputs: ["sum"] }],
      state: types.map((input) => ({ input })),
    };
    const values = [1, -2, 3, 100];
    const data = {
      float32: Float32Array.from(values),
      int32: Int32Array.from(values),
      int64: BigInt64Array.from(values.map(BigInt)),
      int8: Int8Array.from(values),
      uint8: Uint8Array.from(values),
    };
    const state = new Map(types.map((type) => [type, { type, shape: [2, 2], data: data[type] }]));
    const program = await engine.load(graph, state);
    const results = await program.run(new Map());
    expect([...results.get("sum")!.data]).toEqual([2, -4, 6, 200]);
    expect(await program.readState()).toEqual(state);
    await program.dispose();
    await engine.dispose();
  });
}
