// What can be wrong with a pre-trained encoder or with the place it should come from.
import type { ModelFolderError } from "@tagwright/model";

type Fault = ModelFolderError["fault"];

/** An encoder that cannot be used, or cannot be had. The message says where, what was expected, what found, and the cure. */
export class EncoderSourceError extends Error {
  override readonly name = "EncoderSourceError";
  readonly fault: Fault;

  constructor(fault: Fault, options?: ErrorOptions) {
    super(`${fault.place}: expected ${fault.expected}, found ${fault.found}; ${fault.cure}`, options);
    this.fault = fault;
  }
}

/** What a fault in a published file says about the place it was copied from. */
export const copyAgain = "the file is damaged or not of this encoder: copy it again from where the encoder came from";
