// What a file system says when there is no room or no right to write, in words and with a cure.
import { ModelWriteError } from "../errors.ts";
import { errorCode } from "./files.ts";

const diskErrors: Readonly<Record<string, string>> = {
  EACCES: "permission denied; choose a folder that you may write",
  EBUSY: "a file is in use; close what has the model open and try again",
  EDQUOT: "the disk quota is used up; free some space or choose another disk",
  EFBIG: "a file would be larger than allowed here; choose another disk or raise the limit",
  EIO: "the disk failed; choose another one",
  EMFILE: "too many files are open; close some programs and try again",
  ENAMETOOLONG: "the name of the folder is too long; choose a shorter one",
  ENOSPC: "the disk is full; free some space or choose another disk",
  EPERM: "not permitted, or a file is in use; close what has the model open, or choose another folder",
  EROFS: "the disk is read-only; choose another one",
};

/** `error` for whoever wrote `what` to `place`: a ModelWriteError where the disk refused, else as it is. */
export function asWriteError(place: string, what: string, error: unknown): unknown {
  const code = errorCode(error) ?? "";
  if (!Object.hasOwn(diskErrors, code)) return error;
  return new ModelWriteError(`${place}: ${what} could not be written (${code}): ${diskErrors[code]}`, { cause: error });
}
