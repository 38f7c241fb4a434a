// What outside input and the disk can do to a model. Each message says where, what was expected, what was found and the cure.

export interface Fault {
  /** File, and the part of it. */
  readonly place: string;
  readonly expected: string;
  readonly found: string;
  readonly cure: string;
}

/** A model folder that cannot be used: cut short, changed, of another version, or not a model folder at all. */
export class ModelFolderError extends Error {
  override readonly name = "ModelFolderError";
  readonly fault: Fault;

  constructor(fault: Fault, options?: ErrorOptions) {
    super(`${fault.place}: expected ${fault.expected}, found ${fault.found}; ${fault.cure}`, options);
    this.fault = fault;
  }
}

/** Another live process writes this model folder. */
export class ModelBusyError extends Error {
  override readonly name = "ModelBusyError";
}

/** The disk refused the new model, or what it is learnt from: full, read-only, not permitted. The old model is as it was. */
export class ModelWriteError extends Error {
  override readonly name = "ModelWriteError";
}

/** The encoder of a model does not run here, or not any more. Without it suggestions come from words alone. */
export class EncoderError extends Error {
  override readonly name = "EncoderError";
}
