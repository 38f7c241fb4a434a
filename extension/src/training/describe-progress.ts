// Training events in words: for the notification, and for the task's terminal.
import type { ProgressEvent, Stage } from "@tagwright/trainer/progress";

const names: Readonly<Record<Stage, string>> = {
  download: "Downloading the encoder",
  read: "Reading documents",
  features: "Weighing words",
  tree: "Grouping labels",
  encode: "Encoding documents",
  tune: "Fine-tuning the encoder",
  ranker: "Learning to rank",
  calibrate: "Calibrating",
  evaluate: "Checking on held-out documents",
  write: "Writing the model",
  tag: "Tagging",
};

/** One line for an event; undefined for those with nothing to say. */
export function describeEvent(event: ProgressEvent): string | undefined {
  switch (event.type) {
    case "start":
      return `Corpus: ${event.corpus}`;
    case "estimate":
      return (
        `${count(event.documents)} documents, ${count(event.labels)} tags` +
        `${event.encoders === undefined ? "" : `, ${event.encoders} encoders`}. Estimate: ${duration(event.seconds)}, ` +
        `${bytes(event.memoryBytes)} of memory, ${bytes(event.diskBytes)} on disk.`
      );
    case "progress": {
      const percent =
        event.total > 0 ? ` ${Math.floor((100 * Math.min(event.done, event.total)) / event.total)} %` : "";
      const left = event.secondsLeft >= 1 ? `, ${duration(event.secondsLeft)} left` : "";
      return `${names[event.stage] ?? event.stage}${percent}${left}`;
    }
    case "engine":
      return `The encoder runs on ${event.description || event.name}: ${event.reason}`;
    case "encoder":
      return `Encoder ${event.encoder + 1} of ${event.encoders}: ${event.name}.`;
    case "level":
      return `Level ${event.level + 1} of ${event.levels}: ${count(event.nodes)} clusters of tags.`;
    case "quality":
      return `Level ${event.level + 1}: held-out P@1 ${(100 * event.value).toFixed(1)} %.`;
    // A few a second: the plot shows them.
    case "step":
    case "checkpoint":
      return undefined;
    case "log":
      return event.level === "warning" ? `Warning: ${event.message}` : event.message;
    case "metrics":
      return describeMetrics(event.metrics);
    case "done":
      return `Learned ${count(event.labels)} tags from ${count(event.documents)} documents in ${duration(event.seconds)}.`;
    case "error":
      return event.message;
    default:
      return event satisfies never;
  }
}

export function duration(seconds: number): string {
  if (seconds < 1) return "less than a second";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function bytes(count: number): string {
  return count < 2 ** 30 ? `${Math.max(1, Math.round(count / 2 ** 20))} MB` : `${(count / 2 ** 30).toFixed(1)} GB`;
}

function describeMetrics(metrics: Readonly<Record<string, number>>): string | undefined {
  const figures = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  if (figures.length === 0) return undefined;
  return `On held-out documents: ${figures.map(([name, value]) => `${name} ${Number(value.toFixed(3))}`).join(", ")}`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}
