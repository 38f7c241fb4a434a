// Axes: a range of values to a range of pixels, and round numbers on it.

export interface Scale {
  readonly from: number;
  readonly to: number;
  at(value: number): number;
}

/** Linear; a range without extent maps to the middle of the pixels. */
export function linearScale(from: number, to: number, firstPixel: number, lastPixel: number): Scale {
  const at = (value: number) =>
    to === from ? (firstPixel + lastPixel) / 2 : firstPixel + ((value - from) / (to - from)) * (lastPixel - firstPixel);
  return { from, to, at };
}

/** Multiples of 1, 2 or 5 times a power of ten from `from` to `to`, about `count` of them; none for a broken range. */
export function roundTicks(from: number, to: number, count: number): number[] {
  const span = to - from;
  if (!(span > 0) || !Number.isFinite(span) || count < 1) return Number.isFinite(from) ? [from] : [];
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 5, 10].map((it) => it * power).find((it) => span / it <= count) ?? span;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  // By multiples, not by sums: a tenth added thirty times is not three.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
