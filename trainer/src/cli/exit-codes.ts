// What the exit code of every command means, and which failure has which.

import { JournalError } from "@tagwright/documents/journal";
import { EncoderError, ModelBusyError, ModelFolderError, ModelWriteError } from "@tagwright/model";
import { CorpusError } from "../corpus/corpus-error.ts";
import { EngineError } from "../encoder/engines/engine.ts";
import { EncoderSourceError } from "../encoder/source/encoder-source-error.ts";
import { CheckpointError } from "../fine-tune/checkpoint.ts";
import { DiskSpaceError } from "../fine-tune/disk-space.ts";
import { DivergenceError } from "../fine-tune/tune-level.ts";
import { MemoryLimitError } from "../memory-limit.ts";
import type { ExitCode } from "../progress.ts";

/** The command line asks for something that does not go together. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const exitCodeHelp = `
Exit codes:
  0    done
  1    unexpected failure
  2    wrong usage, or a run that --memory-limit does not allow
  3    bad input: corpus, encoder, checkpoint, document or journal
  4    bad model folder
  5    busy: another run holds the model folder, or fine-tunes on this machine
  6    the disk is full or may not be written
  7    the engine that runs the encoder failed or is not there
  130  stopped by Ctrl+C; what was there before is as it was, or it says how to get it back`;

const diskCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EACCES", "EPERM"]);

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return 2;
  if (error instanceof CorpusError || error instanceof EncoderSourceError || error instanceof JournalError) return 3;
  if (error instanceof MemoryLimitError) return 2;
  if (error instanceof CheckpointError) return 3;
  if (error instanceof EngineError || error instanceof EncoderError || error instanceof DivergenceError) return 7;
  if (error instanceof ModelFolderError) return 4;
  if (error instanceof ModelBusyError) return 5;
  if (error instanceof ModelWriteError || error instanceof DiskSpaceError) return 6;
  if (error instanceof Error && "code" in error && diskCodes.has(String(error.code))) return 6;
  return 1;
}
