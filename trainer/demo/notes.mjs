// Three short notes on things that WordNet has words for; none of them names its own topic.

export const notes = [
  {
    file: "in-the-hedge.md",
    title: "In the hedge",
    text: "A very small brown songbird with a short tail that stands straight up. It builds a round nest of moss, eats insects and spiders, and sings far louder than its size allows.",
  },
  {
    file: "in-the-drawer.md",
    title: "In the drawer",
    text: "A kitchen utensil with a long handle and a shallow bowl full of holes. It is used for lifting dumplings out of boiling water and for skimming fat from soup.",
  },
  {
    file: "from-the-clinic.md",
    title: "From the clinic",
    text: "An acute infectious disease that is carried by ticks. It begins with fever, headache and aching muscles, and a red rash spreads from the wrists and ankles.",
  },
];

/** The note as a file whose tag list is still empty. */
export function noteText({ title, text }) {
  return `---\ntitle: ${title}\ntags: []\n---\n\n${text}\n`;
}
