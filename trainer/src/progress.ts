// What a training run says while it works: one JSON object a line on stdout. The extension imports these types only.

export type Stage = "read" | "features" | "tree" | "ranker" | "calibrate" | "write" | "evaluate" | "tag";

export type ProgressEvent =
  | { readonly type: "start"; readonly command: string; readonly corpus: string; readonly out?: string }
  /** Before the work starts: what it will take. Seconds and bytes are estimates, said as such. */
  | {
      readonly type: "estimate";
      readonly seconds: number;
      readonly memoryBytes: number;
      readonly diskBytes: number;
      readonly documents: number;
      readonly labels: number;
    }
  | {
      readonly type: "progress";
      readonly stage: Stage;
      readonly done: number;
      readonly total: number;
      readonly unit: string;
      readonly perSecond: number;
      readonly secondsLeft: number;
    }
  | { readonly type: "log"; readonly level: "info" | "warning"; readonly message: string }
  | { readonly type: "metrics"; readonly metrics: Readonly<Record<string, number>> }
  | {
      readonly type: "done";
      readonly out: string;
      readonly labels: number;
      readonly documents: number;
      readonly seconds: number;
    }
  | { readonly type: "error"; readonly message: string; readonly code: ExitCode };

/** 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 4 bad model folder, 5 busy (another run holds it), 6 disk, 130 cancelled. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 130;
