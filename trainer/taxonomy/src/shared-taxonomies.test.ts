// Real taxonomies, where the checkout has them beside it. Counts are of lines that declare a concept, by grep.
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { loadTaxonomy } from "./index.ts";

const shared = path.resolve(import.meta.dirname, "../../../../shared/taxonomies");
const present = existsSync(shared);

test.skipIf(!present)(
  "UNESCO, EuroVoc, PhySH and YSO load with every concept (skipped without ../shared)",
  async () => {
    const load = (name: string, language = "en") => loadTaxonomy(path.join(shared, name), { language });
    const unesco = await load("unesco-rda.ttl.gz", "fr");
    expect(unesco.concepts).toHaveLength(4414);
    const noise = unesco.get("http://vocabularies.unesco.org/thesaurus/concept10026")!;
    expect(noise.prefLabel).toBe("Lutte anti-bruit");
    expect(noise.altLabels).toEqual(["Isolement acoustique", "Lutte contre le bruit", "Mesure anti-bruit"]);
    expect(unesco.findByLabel("mesure ANTI-BRUIT")).toEqual([noise]);
    expect((await load("eurovoc-en-fr.ttl.gz")).concepts).toHaveLength(7317);
    const physh = await load("physh_skos.ttl.gz");
    expect(physh.concepts).toHaveLength(3925);
    expect(physh.search("sputt")[0]?.prefLabel).toBe("Sputtering");
    expect((await load("physh.nt.gz")).concepts).toHaveLength(3847);
    expect((await load("yso-en.tsv.gz")).get("http://www.yso.fi/onto/yso/p10")?.prefLabel).toBe(
      "environmental awareness",
    );
  },
);

test.skipIf(!present)("Skosmos' edge cases load (skipped without ../shared)", async () => {
  const load = (name: string) => loadTaxonomy(path.join(shared, "skosmos-edge-cases", `${name}.ttl`));
  const cycle = await load("cycle");
  const four = cycle.get("http://www.skosmos.skos/cycle/ta4")!;
  expect(cycle.pathTo(four).map((it) => it.prefLabel)).toEqual(["Top of cycle", "Concept 3", "Concept 4"]);
  expect(cycle.warnings).toHaveLength(1);
  const dup = await load("dup");
  expect(dup.findByLabel("identical label").map((it) => it.id)).toEqual(
    ["d1", "d2"].map((it) => `http://www.skosmos.skos/dup/${it}`),
  );
  const nolang = await load("nolang");
  expect(nolang.concepts[0]!.prefLabel).toBe("No language code");
  expect(nolang.title).toBe("No language codes conceptscheme");
  expect((await load("subtag")).concepts[0]!.prefLabel).toBe("Neighbour");
  expect((await load("xl")).concepts[0]).toMatchObject({
    prefLabel: "Concept",
    altLabels: ["Conceptual entity"],
    definition: "Unit of thought",
  });
});
