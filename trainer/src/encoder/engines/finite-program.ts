// A program in 16 bits, whose largest number is 65,504: what goes beyond is for another engine, and no smaller step cures it.
import { EngineError, type Program, type Tensors } from "./engine.ts";

/** `program`, which fails where a result has a number that is none, or an infinite one. */
export function newFiniteProgram(program: Program): Program {
  return {
    run: (feeds, accept = () => true) =>
      program.run(feeds, (results) => {
        requireFinite(results);
        return accept(results);
      }),
    readState: (names) => program.readState(names),
    writeState: (values) => program.writeState(values),
    dispose: () => program.dispose(),
  };
}

function requireFinite(results: Tensors): void {
  for (const [name, { data }] of results) {
    if (!(data instanceof Float32Array) || data.every(Number.isFinite)) continue;
    throw new EngineError(
      `"${name}" has numbers that 16 bits cannot hold; continue from the last checkpoint with --resume and --engine webgpu, in 32 bits`,
    );
  }
}
