// What the worker thread does: it owns the open models and taxonomies. No thread in here, so tests call it directly.
import {
  type EncoderState,
  type Explanation,
  type Model,
  type OpenOptions,
  previousModel,
  restorePrevious,
} from "@tagwright/model";
import type { Concept, Taxonomy } from "@tagwright/taxonomy";
import { type LabelSearch, labelSearch } from "./label-search.ts";
import type { ConceptInfo, OperationName, Operations, VocabularyEntry, WorkerEvent } from "./worker-messages.ts";

export interface Openers {
  openModel(folder: string, options: OpenOptions): Promise<Model>;
  loadTaxonomy(file: string): Promise<Taxonomy>;
  /** Told when the encoder of an open model has become ready or has failed. */
  onEvent?(event: WorkerEvent): void;
}

interface OpenModel {
  readonly model: Model;
  readonly search: LabelSearch;
  /** Several workspace folders may have one model. */
  readonly holders: Set<number>;
  /** Lower-case label name or id to id, made on the first explanation. */
  ids: Map<string, string> | undefined;
}

/** @returns the answer to one operation. Rejects with what the model or taxonomy has to say about a bad file. */
export type Service = <K extends OperationName>(
  operation: K,
  params: Operations[K]["params"],
) => Promise<Operations[K]["result"]>;

export function createService({ openModel, loadTaxonomy, onEvent }: Openers): Service {
  const models = new Map<string, OpenModel>();
  const taxonomies = new Map<string, Taxonomy>();

  const opened = (folder: string): OpenModel => {
    const open = models.get(folder);
    if (open === undefined) throw new Error(`internal: model ${folder} is not open`);
    return open;
  };

  const operations: { [K in OperationName]: (params: Operations[K]["params"]) => Promise<Operations[K]["result"]> } = {
    async openModel({ folder, holder, cacheBytes, threads }) {
      const onEncoder = (state: EncoderState) => onEvent?.({ event: "encoder", folder, model: model.info.id, state });
      const model = await openModel(folder, { cacheBytes, threads, background: true, onEncoder });
      const before = models.get(folder);
      before?.model.dispose();
      const holders = new Set([...(before?.holders ?? []), holder]);
      models.set(folder, { model, search: labelSearch(model.labels), holders, ids: undefined });
      return { info: model.info, encoder: model.encoder };
    },
    async closeModel({ folder, holder }) {
      const open = models.get(folder);
      open?.holders.delete(holder);
      if (open?.holders.size !== 0) return null;
      open.model.dispose();
      models.delete(folder);
      return null;
    },
    async previousModel({ folder }) {
      return (await previousModel(folder))?.info ?? null;
    },
    async restoreModel({ folder }) {
      await restorePrevious(folder);
      return null;
    },
    async suggest({ folder, texts, k }) {
      const { model } = opened(folder);
      return { suggestions: await model.suggestMany(texts, k), model: model.info.id, encoder: model.encoder };
    },
    async explain({ folder, text, tag, maxTerms }): Promise<Explanation | null> {
      const open = opened(folder);
      const id = labelId(open, tag, taxonomies.values());
      return id === undefined ? null : open.model.explain(text, id, maxTerms);
    },
    async openTaxonomy({ file }) {
      const taxonomy = await loadTaxonomy(file);
      taxonomies.set(file, taxonomy);
      return { title: taxonomy.title, concepts: taxonomy.concepts.length, warnings: taxonomy.warnings };
    },
    async concept({ file, tag }) {
      const taxonomy = taxonomies.get(file);
      const concept = taxonomy?.get(tag) ?? taxonomy?.findByLabel(tag)[0];
      return taxonomy === undefined || concept === undefined ? null : describe(taxonomy, concept);
    },
    async search({ folder, taxonomy: file, prefix, limit }) {
      const taxonomy = file === undefined ? undefined : taxonomies.get(file);
      const concepts = taxonomy?.search(prefix, limit).filter((it) => !it.deprecated) ?? [];
      const entries: VocabularyEntry[] = concepts.map((it) => describe(taxonomy!, it));
      const model = folder === undefined ? undefined : models.get(folder);
      for (const label of model?.search.search(prefix, limit) ?? []) {
        const concept = taxonomy?.get(label) ?? taxonomy?.findByLabel(label)[0];
        entries.push(concept === undefined ? { tag: label, altLabels: [], path: [] } : describe(taxonomy!, concept));
      }
      return distinct(entries).slice(0, limit);
    },
  };
  return (operation, params) => operations[operation](params);
}

/** A tag in a document is a label's id, or the name of the concept that the id stands for. */
function labelId(open: OpenModel, tag: string, taxonomies: Iterable<Taxonomy>): string | undefined {
  open.ids ??= new Map(open.model.labels.map((it) => [it.toLowerCase(), it]));
  const direct = open.ids.get(tag.toLowerCase());
  if (direct !== undefined) return direct;
  for (const taxonomy of taxonomies) {
    for (const concept of taxonomy.findByLabel(tag)) {
      const id = open.ids.get(concept.id.toLowerCase()) ?? open.ids.get(concept.prefLabel.toLowerCase());
      if (id !== undefined) return id;
    }
  }
  return undefined;
}

function describe(taxonomy: Taxonomy, concept: Concept): ConceptInfo {
  return {
    id: concept.id,
    tag: concept.prefLabel,
    altLabels: [...concept.altLabels, ...concept.hiddenLabels],
    path: taxonomy
      .pathTo(concept)
      .slice(0, -1)
      .map((it) => it.prefLabel),
    definition: concept.definition,
    deprecated: concept.deprecated,
  };
}

function distinct(entries: readonly VocabularyEntry[]): VocabularyEntry[] {
  const seen = new Map<string, VocabularyEntry>();
  for (const entry of entries) {
    const key = entry.tag.toLowerCase();
    if (!seen.has(key)) seen.set(key, entry);
  }
  return [...seen.values()];
}
