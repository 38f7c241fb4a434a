// What a training run says while it works: one JSON object a line on stdout. The extension imports these types only.

export type Stage =
  | "download"
  | "read"
  | "features"
  | "tree"
  | "encode"
  | "tune"
  | "ranker"
  | "calibrate"
  | "write"
  | "evaluate"
  | "tag";

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
      /** Encoders that the estimate is for, where they are several. */
      readonly encoders?: number;
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
  /** The engine that runs the encoder, and why it was taken. */
  | { readonly type: "engine"; readonly name: string; readonly description: string; readonly reason: string }
  /** Where a model has several encoders: the work on encoder `encoder` of `encoders` begins, counted from 0. */
  | { readonly type: "encoder"; readonly encoder: number; readonly encoders: number; readonly name: string }
  /** Fine-tuning begins with level `level` of `levels`, both counted from 0 and the coarsest. */
  | { readonly type: "level"; readonly level: number; readonly levels: number; readonly nodes: number }
  | {
      readonly type: "step";
      readonly level: number;
      /** Steps done on this level, and all of them. */
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** The learning rate. */
      readonly rate: number;
      readonly documentsPerSecond: number;
    }
  /** A figure on held-out documents, 0 to 1, among the nodes of the level. */
  | { readonly type: "quality"; readonly level: number; readonly metric: "precision@1"; readonly value: number }
  | { readonly type: "checkpoint"; readonly path: string; readonly step: number }
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

/** 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 4 bad model folder, 5 busy (another run holds it), 6 disk, 7 engine, 130 cancelled. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130;
