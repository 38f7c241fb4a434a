// Small corpora whose tags follow from their words, so that a model can learn them and a test can tell whether it did.

const topics: Readonly<Record<string, readonly string[]>> = {
  cooking: ["oven", "butter", "simmer", "recipe", "garlic", "knead", "broth", "skillet"],
  astronomy: ["telescope", "orbit", "galaxy", "nebula", "comet", "lunar", "eclipse", "star"],
  gardening: ["seedling", "compost", "prune", "soil", "tomato", "mulch", "rake", "bloom"],
  sailing: ["mast", "harbour", "rudder", "tide", "anchor", "jib", "keel", "wind"],
  "open source": ["commit", "licence", "branch", "patch", "maintainer", "release", "fork", "merge"],
};

const filler = ["the", "a", "we", "today", "then", "looked", "again", "small", "found", "after", "while", "long"];

/** Whole numbers below `bound`, the same for the same seed (a linear congruential generator). */
export function newRandom(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

export interface Note {
  readonly tags: readonly string[];
  readonly text: string;
}

/** Notes about one or two topics each. */
export function makeNotes(count: number, seed = 7): Note[] {
  const random = newRandom(seed);
  const names = Object.keys(topics);
  return Array.from({ length: count }, (_, i) => {
    const tags = [...new Set([names[i % names.length]!, ...(i % 3 === 0 ? [names[random(names.length)]!] : [])])];
    const words = Array.from({ length: 40 }, () => {
      const topic = topics[tags[random(tags.length)]!]!;
      return random(3) > 0 ? topic[random(topic.length)]! : filler[random(filler.length)]!;
    });
    return { tags, text: `${words.join(" ")}.` };
  });
}

/** Files of a workspace: tagged notes in several spellings of front matter, and one untagged note a topic. */
export function makeWorkspace(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [i, { tags, text }] of makeNotes(60).entries()) {
    const eol = i % 4 === 1 ? "\r\n" : "\n";
    const bom = i % 7 === 2 ? "\ufeff" : "";
    const list = i % 2 === 0 ? [`tags: [${tags.join(", ")}]`] : ["tags:", ...tags.map((it) => `  - ${it} # kept`)];
    files[`tagged/${i}.md`] = bom + ["---", `title: Note ${i}`, ...list, "---", text, ""].join(eol);
  }
  for (const [name, words] of Object.entries(topics)) {
    const text = [...words, ...words].join(" ");
    files[`new/${name}.md`] = `---\ntitle: About it\ntags: []\n---\n${text}\n`;
    files[`new/${name} bare.md`] = text;
    files[`new/${name}.rst`] = `${text}\n`;
  }
  return files;
}

/** JSON Lines of `count` documents with `numLabels` labels: enough work that a training can be interrupted. */
export function makeJsonLines(count: number, numLabels: number): string {
  const random = newRandom(11);
  return Array.from({ length: count }, (_, i) => {
    const labels = [`label ${i % numLabels}`, `label ${random(numLabels)}`];
    const words = Array.from({ length: 60 }, () =>
      random(2) ? `word${random(5000)}` : `${labels[random(2)]}x${random(9)}`,
    );
    return `${JSON.stringify({ id: String(i), text: words.join(" "), labels: [...new Set(labels)] })}\n`;
  }).join("");
}
