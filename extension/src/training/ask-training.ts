// "Tags: Train Model" asks: words or meaning, and for meaning, with which encoder on which engine. Enter takes what comes
// first, twice at most; the settings hold the defaults.
import { availableParallelism } from "node:os";
import { l10n, QuickInputButtons, type QuickPickItem, QuickPickItemKind, type Uri, window } from "vscode";
import type { FoundCheckpoint } from "./checkpoints.ts";
import { costOf, type EncoderHere, encoderName, isEncoderHere, listEncoders } from "./encoders.ts";
import { engineTitle, listEngines } from "./engines.ts";
import {
  choiceItems,
  encoderItems,
  engineItems,
  type MeaningFacts,
  type TrainingChoice,
  whatMeaningTakes,
  whereEncoderIs,
} from "./training-choice.ts";

export interface TrainingQuestion {
  readonly folder: Uri;
  /** Absolute path of `dist/tagwright.cjs`. */
  readonly script: string;
  /** Documents with tags, as far as they were counted. */
  readonly documents: number | undefined;
  /** What the settings name. */
  readonly encoder: string;
  readonly engine: string;
  readonly preset: string;
  readonly last: TrainingChoice | undefined;
  readonly checkpoint: FoundCheckpoint | undefined;
  /** What is known of the time that an encoder takes on this computer. */
  readonly secondsPerDocument: (encoder: string, engine: string, freeze: boolean) => number | undefined;
}

/** Undefined where the user wants none. */
export async function askTraining(question: TrainingQuestion): Promise<TrainingChoice | undefined> {
  const { script, folder, encoder, engine, last, checkpoint } = question;
  const here = await listEncoders(script, folder.fsPath);
  for (;;) {
    const meaning = await factsOf(question, here, { encoder, engine, freeze: last?.freeze === true });
    const chosen = await askKind(choiceItems({ meaning, last, checkpoint, now: new Date() }));
    if (chosen === undefined || chosen.encoder === "none" || chosen.resume) return chosen;
    const refined = await askMeaning(question, here, chosen);
    if (refined !== "back") return refined;
  }
}

async function askKind(items: ReturnType<typeof choiceItems>): Promise<TrainingChoice | undefined> {
  const labels = {
    resume: `$(debug-continue) ${l10n.t("Resume the training that was stopped")}`,
    words: `$(zap) ${l10n.t("Fast, words only")}`,
    meaning: `$(sparkle) ${l10n.t("With meaning…")}`,
  };
  const picks: Row<TrainingChoice>[] = items.map(({ kind, choice, description, detail }) => ({
    label: labels[kind],
    description,
    detail,
    value: choice,
  }));
  if (items[0]?.kind === "resume") picks.splice(1, 0, separator(l10n.t("Start anew")));
  const chosen = await pick(picks, {
    title: l10n.t("Train Model"),
    placeholder: l10n.t("What kind of model? All of it is trained and kept on this computer."),
  });
  return chosen === "back" ? undefined : chosen;
}

async function askMeaning(
  question: TrainingQuestion,
  here: readonly EncoderHere[] | undefined,
  first: TrainingChoice,
): Promise<TrainingChoice | "back" | undefined> {
  const title = l10n.t("Train Model with Meaning");
  let { encoder, engine = question.engine, freeze = false } = first;
  for (;;) {
    const facts = await factsOf(question, here, { encoder, engine, freeze });
    const picks: Row<"start" | "encoder" | "engine" | "freeze">[] = [
      { label: `$(play) ${l10n.t("Start Training")}`, description: whatMeaningTakes(facts), value: "start" },
      separator(l10n.t("this time")),
      {
        label: `$(package) ${l10n.t("Encoder: {0}", encoderName(encoder))}`,
        description: whereEncoderIs(facts),
        value: "encoder",
      },
      {
        label: `$(chip) ${l10n.t("Engine: {0}", engineTitle(engine))}`,
        description: engine === "auto" ? l10n.t("the fastest that works here") : "",
        value: "engine",
      },
      {
        label: freeze ? `$(lock) ${l10n.t("Fine-Tuning: Off")}` : `$(mortar-board) ${l10n.t("Fine-Tuning: On")}`,
        description: freeze
          ? l10n.t("the encoder stays as it was published: quicker, mostly a little less good")
          : l10n.t("the encoder learns from your documents"),
        value: "freeze",
      },
    ];
    const placeholder = l10n.t("Enter starts the training. The settings hold the defaults of encoder and engine.");
    const answer = await pick(picks, { title, placeholder, canGoBack: true });
    if (answer === "back" || answer === undefined) return answer;
    if (answer === "start") return { encoder, engine, ...(freeze && { freeze }), resume: false };
    if (answer === "freeze") freeze = !freeze;
    else if (answer === "encoder") encoder = (await askEncoder(question, here, encoder)) ?? encoder;
    else engine = (await askEngine(question, engine)) ?? engine;
  }
}

/** Undefined where it stays as it is. */
async function askEncoder(
  { folder, encoder: configured, last }: TrainingQuestion,
  here: readonly EncoderHere[] | undefined,
  current: string,
): Promise<string | undefined> {
  const isHere = (it: string) => isEncoderHere(it, here, folder.fsPath);
  const picks: Row<{ readonly encoder?: string; readonly by?: "folder" | "name" }>[] = encoderItems(
    here,
    configured,
    last,
    isHere,
  ).map(({ encoder, description, about }) => ({
    label: encoderName(encoder),
    description,
    detail: [about, encoderName(encoder) === encoder ? undefined : encoder].filter(Boolean).join(" · "),
    value: { encoder },
    isActive: encoder === current,
  }));
  picks.push(
    separator(""),
    { label: `$(folder-opened) ${l10n.t("A folder on this computer…")}`, value: { by: "folder" } },
    { label: `$(edit) ${l10n.t("Another one, or several, by name…")}`, value: { by: "name" } },
  );
  const placeholder = l10n.t("Which pre-trained encoder is fine-tuned on your documents?");
  const answer = await pick(picks, { title: l10n.t("Encoder"), placeholder, canGoBack: true });
  if (answer === "back" || answer === undefined) return undefined;
  if (answer.by === "folder") {
    const openLabel = l10n.t("Use This Encoder");
    const [chosen] = (await window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, openLabel })) ?? [];
    return chosen?.fsPath;
  }
  if (answer.by === undefined) return answer.encoder;
  const typed = await window.showInputBox({
    title: l10n.t("Encoder"),
    prompt: l10n.t("A model of the Hugging Face hub, such as org/name. Several, with commas, rank together."),
    value: current,
    ignoreFocusOut: true,
  });
  return typed?.trim() === "" ? undefined : typed?.trim();
}

/** Undefined where it stays as it is. */
async function askEngine({ script, folder }: TrainingQuestion, current: string): Promise<string | undefined> {
  const engines = await listEngines(script, folder.fsPath);
  const picks: Row<string>[] = engineItems(engines).map(({ name, title, about, isHere }) =>
    isHere
      ? { label: title, description: about, value: name, isActive: name === current }
      : { label: `$(circle-slash) ${title}`, description: l10n.t("not on this computer"), detail: about },
  );
  const placeholder = l10n.t("What does the fine-tuning run on?");
  const answer = await pick(picks, { title: l10n.t("Engine"), placeholder, canGoBack: true });
  return answer === "back" ? undefined : answer;
}

async function factsOf(
  { folder, documents, preset, secondsPerDocument }: TrainingQuestion,
  here: readonly EncoderHere[] | undefined,
  chosen: Pick<MeaningFacts, "encoder" | "engine" | "freeze">,
): Promise<MeaningFacts> {
  const { encoder, engine, freeze } = chosen;
  return {
    ...chosen,
    documents,
    preset,
    isEncoderHere: isEncoderHere(encoder, here, folder.fsPath),
    cost: await costOf(encoder, here, folder.fsPath),
    secondsPerDocument: secondsPerDocument(encoder, engine, freeze),
    cores: availableParallelism(),
  };
}

/** One without a value cannot be chosen. */
interface Row<T> extends QuickPickItem {
  readonly value?: T;
  /** Enter takes it. */
  readonly isActive?: boolean;
}

function separator<T>(label: string): Row<T> {
  return { label, kind: QuickPickItemKind.Separator };
}

interface PickOptions {
  readonly title: string;
  readonly placeholder: string;
  readonly canGoBack?: boolean;
}

function pick<T>(items: readonly Row<T>[], options: PickOptions): Promise<T | "back" | undefined> {
  const box = window.createQuickPick<Row<T>>();
  box.title = options.title;
  box.placeholder = options.placeholder;
  box.matchOnDescription = true;
  box.items = items;
  // None at all would leave Enter without a meaning.
  const active = items.filter((it) => it.isActive === true);
  if (active.length > 0) box.activeItems = active;
  if (options.canGoBack === true) box.buttons = [QuickInputButtons.Back];
  return new Promise((resolve) => {
    const answer = (it: T | "back" | undefined) => {
      resolve(it);
      box.dispose();
    };
    box.onDidAccept(() => {
      const value = box.selectedItems[0]?.value;
      if (value !== undefined) answer(value);
    });
    box.onDidTriggerButton(() => answer("back"));
    box.onDidHide(() => answer(undefined));
    box.show();
  });
}
