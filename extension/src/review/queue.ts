// The suggestions that wait for a decision: documents by their surest tag, each with its tags by confidence. Plain data
// without VS Code. Invariant: a document in the queue has at least one tag.

export interface QueuedTag {
  readonly tag: string;
  readonly probability: number;
  checked: boolean;
}

export interface QueuedDocument {
  readonly uri: string;
  /** Where the tags are written: the document itself, or its sidecar. */
  readonly target: string;
  readonly tags: readonly QueuedTag[];
}

export interface QueueCounts {
  readonly documents: number;
  readonly tags: number;
  readonly checked: number;
}

export class ReviewQueue {
  #documents: QueuedDocument[] = [];

  get documents(): readonly QueuedDocument[] {
    return this.#documents;
  }

  get counts(): QueueCounts {
    const tags = this.#documents.flatMap((it) => it.tags);
    return { documents: this.#documents.length, tags: tags.length, checked: tags.filter((it) => it.checked).length };
  }

  /** Replaces what is queued for these documents; tags at or above `preselect` come checked. */
  add(
    documents: readonly {
      readonly uri: string;
      readonly target: string;
      readonly suggestions: readonly { readonly tag: string; readonly probability: number }[];
    }[],
    preselect: number,
  ): void {
    const fresh = new Set(documents.map((it) => it.uri));
    const added = documents.map(({ uri, target, suggestions }) => ({
      uri,
      target,
      tags: suggestions
        .map((it) => ({ ...it, checked: it.probability >= preselect }))
        .sort((a, b) => b.probability - a.probability),
    }));
    this.#documents = [
      ...this.#documents.filter((it) => !fresh.has(it.uri)),
      ...added.filter((it) => it.tags.length > 0),
    ];
    this.#documents.sort((a, b) => b.tags[0]!.probability - a.tags[0]!.probability || (a.uri < b.uri ? -1 : 1));
  }

  find(uri: string): QueuedDocument | undefined {
    return this.#documents.find((it) => it.uri === uri);
  }

  /** Checks one tag, or all tags of a document, or everything. */
  check(checked: boolean, uri?: string, tag?: string): void {
    for (const document of this.#documents) {
      if (uri !== undefined && document.uri !== uri) continue;
      for (const it of document.tags) if (tag === undefined || it.tag === tag) it.checked = checked;
    }
  }

  /** The checked tags of each document that has any. */
  get chosen(): readonly { readonly uri: string; readonly target: string; readonly add: readonly string[] }[] {
    return this.#documents
      .map(({ uri, target, tags }) => ({ uri, target, add: tags.filter((it) => it.checked).map((it) => it.tag) }))
      .filter((it) => it.add.length > 0);
  }

  /** Takes out one tag, or a whole document. */
  remove(uri: string, tag?: string): void {
    this.#documents = this.#documents
      .map((it) =>
        it.uri === uri ? { ...it, tags: tag === undefined ? [] : it.tags.filter((t) => t.tag !== tag) } : it,
      )
      .filter((it) => it.tags.length > 0);
  }

  clear(): void {
    this.#documents = [];
  }
}
