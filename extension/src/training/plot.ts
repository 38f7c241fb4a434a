// The curve as two drawings, loss and held-out precision over the steps: SVG text for a page with a strict policy, so
// classes carry all looks and nothing in it is a style or a script.
import { type Bucket, type Curve, type CurveLevel, thin } from "./curve.ts";
import { describeLooks } from "./describe-curve.ts";
import { number, percent } from "./figures.ts";
import { linearScale, roundTicks, type Scale } from "./scale.ts";

export interface PlotSize {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const margin = { left: 46, right: 14, top: 24, bottom: 22 };
/** From here on the drawings stand side by side. */
const wide = 620;
const leastHeight = 110;

/** Markup of the drawings for a place of that size; a note instead where there is nothing to draw yet. */
export function drawCurve(curve: Curve, { width, height }: PlotSize): string {
  if (curve.levels.length === 0) return "";
  const isWide = width >= wide;
  const precisionWidth = isWide ? Math.round(width * 0.38) : width;
  const lossWidth = isWide ? width - precisionWidth : width;
  const each = Math.max(leastHeight, isWide ? height : height / 2);
  return (
    drawLoss(curve, { width: lossWidth, height: each }) + drawPrecision(curve, { width: precisionWidth, height: each })
  );
}

function drawLoss(curve: Curve, size: PlotSize): string {
  const box = boxOf(size);
  const x = stepScale(curve, box);
  const pixels = Math.max(1, Math.floor(box.right - box.left));
  const runs = curve.levels.flatMap((it) => it.runs).map((run) => thin(run, pixels));
  const buckets = runs.flat();
  const least = Math.min(...buckets.map((it) => it.least));
  const most = Math.max(...buckets.map((it) => it.most));
  const ticks =
    buckets.length === 0 ? [] : roundTicks(least, most, Math.max(3, Math.floor((box.bottom - box.top) / 32)));
  const y = linearScale(Math.min(least, ticks[0] ?? least), Math.max(most, ticks.at(-1) ?? most), box.bottom, box.top);
  const lines = runs.map((run) => drawRun(run, x, y)).join("");
  const marks = curve.levels.map((it) => drawLevelMark(it, x, box)).join("");
  const axes = drawAxes(box, x, y, ticks, number);
  return drawing(size, "Loss", lossLabel(curve), `${axes}${marks}${lines}`);
}

function drawPrecision(curve: Curve, size: PlotSize): string {
  const box = boxOf(size);
  const x = stepScale(curve, box);
  const y = linearScale(0, 1, box.bottom, box.top);
  const measured = curve.levels.filter((it) => it.looks.length > 0);
  const lines = measured.map((it) => drawLooks(it, x, y, box)).join("");
  const axes = drawAxes(box, x, y, [0, 0.25, 0.5, 0.75, 1], (it) => `${Math.round(100 * it)} %`);
  const waiting =
    measured.length === 0
      ? `<text class="note" x="${pixel((box.left + box.right) / 2)}" y="${pixel((box.top + box.bottom) / 2)}" text-anchor="middle">measured as a level begins and ends</text>`
      : "";
  const marks = curve.levels.map((it) => drawLevelMark(it, x, box)).join("");
  return drawing(size, "Held-out P@1", precisionLabel(curve), `${axes}${marks}${waiting}${lines}`);
}

/** A line of its own for each level: they tell apart other clusters, and are no sequel to each other. */
function drawLooks({ looks }: CurveLevel, x: Scale, y: Scale, box: Box): string {
  const points = looks.map((it) => ({ x: x.at(it.at), y: y.at(it.precision) }));
  const [first, last] = [points[0]!, points.at(-1)!];
  const dot = (it: { x: number; y: number }, radius: number) =>
    `<circle class="dot" cx="${pixel(it.x)}" cy="${pixel(it.y)}" r="${radius}"/>`;
  const line = points.length > 1 ? `<path class="line precision" d="${path(points)}"/>${dot(first, 2.5)}` : "";
  const isLate = last.x > (box.left + box.right) / 2;
  const [dx, anchor] = isLate ? [-8, "end"] : [8, "start"];
  // Above the point, unless the level's name stands there.
  const above = last.y - 9;
  const at = above >= box.top + 22 ? above : Math.max(last.y + 16, box.top + 24);
  const value = percent(looks.at(-1)!.precision);
  return `${line}${dot(last, 4)}<text class="value" x="${pixel(last.x + dx)}" y="${pixel(at)}" text-anchor="${anchor}">${value}</text>`;
}

function boxOf({ width, height }: PlotSize): Box {
  return {
    left: margin.left,
    right: Math.max(margin.left + 1, width - margin.right),
    top: margin.top,
    bottom: Math.max(margin.top + 1, height - margin.bottom),
  };
}

function stepScale({ end }: Curve, box: Box): Scale {
  return linearScale(0, Math.max(1, end), box.left, box.right);
}

/** What the losses of a pixel have between them, and their mean as a line. */
function drawRun(run: readonly Bucket[], x: Scale, y: Scale): string {
  const at = (it: Bucket) => x.at((it.first + it.last) / 2);
  const upper = run.map((it) => ({ x: at(it), y: y.at(it.most) }));
  const lower = run.map((it) => ({ x: at(it), y: y.at(it.least) })).reverse();
  const means = run.map((it) => ({ x: at(it), y: y.at(it.mean) }));
  const [only] = means;
  if (means.length === 1) return `<circle class="dot loss" cx="${pixel(only!.x)}" cy="${pixel(only!.y)}" r="2"/>`;
  return `<path class="band" d="${path([...upper, ...lower])}Z"/><path class="line loss" d="${path(means)}"/>`;
}

/** A level begins: a line across, and its number at its end, where the loss is low and there is room. */
function drawLevelMark({ level, start, steps, step }: CurveLevel, x: Scale, box: Box): string {
  const from = x.at(start);
  const to = x.at(start + Math.max(steps, step));
  const line = start === 0 ? "" : `<path class="mark" d="M${pixel(from)} ${pixel(box.top)}V${pixel(box.bottom)}"/>`;
  const name = to - from < 60 ? `${level + 1}` : `level ${level + 1}`;
  if (to - from < 18) return line;
  return `${line}<text class="level" x="${pixel(to - 4)}" y="${pixel(box.top + 10)}" text-anchor="end">${name}</text>`;
}

function drawAxes(box: Box, x: Scale, y: Scale, ticks: readonly number[], format: (value: number) => string): string {
  const rows = ticks.map((it) => {
    const at = pixel(y.at(it));
    const label = `<text class="tick" x="${box.left - 6}" y="${pixel(y.at(it) + 4)}" text-anchor="end">${format(it)}</text>`;
    return `<path class="grid" d="M${box.left} ${at}H${pixel(box.right)}"/>${label}`;
  });
  const columns = roundTicks(0, x.to, Math.max(1, Math.floor((box.right - box.left) / 90))).map((it) => {
    const anchor = it === 0 ? "start" : x.at(it) > box.right - 20 ? "end" : "middle";
    const label = it === 0 ? "step 0" : number(it);
    return `<text class="tick" x="${pixel(x.at(it))}" y="${pixel(box.bottom + 15)}" text-anchor="${anchor}">${label}</text>`;
  });
  const frame = `<path class="axis" d="M${box.left} ${box.top}V${pixel(box.bottom)}H${pixel(box.right)}"/>`;
  return rows.join("") + columns.join("") + frame;
}

function drawing({ width, height }: PlotSize, title: string, label: string, content: string): string {
  const [w, h] = [Math.round(width), Math.round(height)];
  return (
    `<svg role="img" aria-label="${label}" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">` +
    `<text class="title" x="${margin.left}" y="14">${title}</text>${content}</svg>`
  );
}

function lossLabel({ levels, end }: Curve): string {
  const last = levels.findLast((it) => it.lastLoss !== undefined);
  if (last === undefined) return "Loss: nothing to show yet.";
  const first = levels.find((it) => it.firstLoss !== undefined)!.firstLoss!;
  return `Loss over ${number(end)} steps: from ${number(first)} to ${number(last.lastLoss!)} at level ${last.level + 1}.`;
}

function precisionLabel({ levels }: Curve): string {
  const measured = levels.filter((it) => it.looks.length > 0);
  if (measured.length === 0) return "Precision at 1 on held-out documents: measured as a level begins and ends.";
  return `Precision at 1 on held-out documents: ${measured.map(describeLooks).join(", ")}.`;
}

/** Lines between the points, in the order given. */
function path(points: readonly { readonly x: number; readonly y: number }[]): string {
  return points.map((it, i) => `${i === 0 ? "M" : "L"}${pixel(it.x)} ${pixel(it.y)}`).join("");
}

/** A tenth of a pixel is more than a screen shows. */
function pixel(value: number): string {
  return String(Math.round(value * 10) / 10);
}
