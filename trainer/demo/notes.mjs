// Three short notes on things that WordNet has words for; none of them names its own topic.

export const notes = [
  {
    file: "in-the-hedge.md",
    title: "In the hedge",
    text: "A very small brown bird with a short tail that stands straight up. It nests in hedges and walls, feeds on insects and spiders, and its song is far louder than its size allows.",
    meant: "a wren",
  },
  {
    file: "on-the-ridge.md",
    title: "On the ridge",
    text: "A tall evergreen tree of the northern mountains with needles and hanging cones; its soft wood goes into paper, crates and the tops of violins.",
    meant: "a spruce",
  },
  {
    file: "at-the-jetty.md",
    title: "At the jetty",
    text: "A light sailing boat with one mast, one mainsail and one jib, easy for two people to race.",
    meant: "a sloop",
  },
];

/** The note as a file whose tag list is still empty. */
export function noteText({ title, text }) {
  return `---\ntitle: ${title}\ntags: []\n---\n\n${text}\n`;
}
