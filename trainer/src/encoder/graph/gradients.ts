// Reverse-mode differentiation of what a builder has on its tape: from the last operation to the first, each hands the
// gradient of its output on to its inputs; where a value was used more than once, the parts are added.
import type { Builder } from "./builder.ts";
import type { Value } from "./graph.ts";
import { plus } from "./operators.ts";

/**
 * Adds the nodes that compute the gradient of `loss`, of shape [1], with respect to each of `wanted`, times `scale`.
 * Only what leads from `wanted` to `loss` is differentiated. @throws RangeError where `loss` does not depend on a value.
 */
export function gradientsOf(builder: Builder, loss: Value, wanted: readonly Value[], scale = 1): Map<string, Value> {
  const recorded = [...builder.tape];
  const depends = new Set(wanted.map((it) => it.name));
  for (const { inputs, output } of recorded) {
    if (inputs.some((it) => depends.has(it.name))) depends.add(output.name);
  }
  const gradients = new Map<string, Value>([[loss.name, builder.scalar(scale)]]);
  for (const { inputs, output, rule } of recorded.reverse()) {
    const gradient = gradients.get(output.name);
    if (gradient === undefined || !depends.has(output.name)) continue;
    const parts = rule(gradient);
    for (const [position, value] of inputs.entries()) {
      if (!depends.has(value.name)) continue;
      const part = parts[position]!();
      const before = gradients.get(value.name);
      gradients.set(value.name, before === undefined ? part : plus(builder, before, part));
    }
  }
  return new Map(
    wanted.map((it) => {
      const gradient = gradients.get(it.name);
      if (gradient === undefined) throw new RangeError(`the loss does not depend on "${it.name}"`);
      return [it.name, gradient];
    }),
  );
}
