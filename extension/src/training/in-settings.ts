// The trainer names the options of its command line, which nobody types here: in what it says, they are called as the
// settings and the rows of the question are.

const settings = new Map([
  ["batch", "tagwright.training.batch"],
  ["encoder", "tagwright.training.encoder"],
  ["engine", "tagwright.training.engine"],
  ["max-pieces", "tagwright.training.maxPieces"],
  ["memory-limit", "tagwright.training.memoryLimit"],
  ["min-label-documents", "tagwright.training.minLabelDocuments"],
  ["out", "tagwright.model.path"],
  ["threads", "tagwright.training.threads"],
]);

export interface InSettings {
  readonly message: string;
  /** The first setting that it names. */
  readonly setting: string | undefined;
}

/** @param freeze what the row that leaves an encoder as it was published is called */
export function inSettings(message: string, freeze: string): InSettings {
  let setting: string | undefined;
  const said = message.replaceAll(/(?<![\w-])--([a-z]+(?:-[a-z]+)*)/gu, (option, name: string) => {
    if (name === "freeze") return freeze;
    const known = settings.get(name);
    setting ??= known;
    return known ?? option;
  });
  return { message: said, setting };
}
