// The engine of a run, which may be lost in the middle of it: a GPU is unplugged, reset, or out of memory. Where the choice
// was ours, the next engine that works takes its place and the work is done again; one that was asked for by name is not
// replaced behind the user's back.
import { type ChooseOptions, chooseEngine, type EngineChoice, type EngineTrial, likelyEngines } from "./choose.ts";
import { disposeQuietly, type Engine, EngineError } from "./engine.ts";

export interface RunningEngine {
  /** The one in use now. */
  readonly engine: Engine;
  /**
   * Does `work` on the engine, and again on the next one each time that one fails. @throws EngineError where the engine
   * was asked for by name, or none is left; what `work` throws for other reasons.
   */
  run<T>(work: (engine: Engine) => Promise<T>): Promise<T>;
  dispose(): Promise<void>;
}

export interface EngineVoice {
  /** Says which engine is taken, and why. */
  chosen(engine: Engine, reason: string): void;
  warn(message: string): void;
}

/** Chooses an engine as `chooseEngine` does, and says so. @throws EngineError where none works. */
export async function startEngine(
  choice: EngineChoice,
  trial: EngineTrial,
  options: ChooseOptions,
  voice: EngineVoice,
): Promise<RunningEngine> {
  let left = options.tryOut ?? likelyEngines();
  const choose = async (why?: string) => {
    const { engine, reason, notes } = await chooseEngine(choice, trial, { ...options, tryOut: left });
    voice.chosen(engine, why ?? reason);
    for (const note of notes) voice.warn(note);
    return engine;
  };
  let engine = await choose();
  return {
    get engine() {
      return engine;
    },
    async run(work) {
      for (;;) {
        try {
          return await work(engine);
        } catch (error) {
          left = left.filter((it) => it !== engine.name);
          if (!(error instanceof EngineError) || choice !== "auto" || left.length === 0) throw error;
          await disposeQuietly(engine);
          voice.warn(`${error.message.split(";", 1)[0]}; the run goes on with another engine`);
          engine = await choose(`in place of ${engine.name}, which failed`);
        }
      }
    },
    dispose: () => disposeQuietly(engine),
  };
}
