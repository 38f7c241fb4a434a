// The normalisers of a tokenizer.json, changed so that @huggingface/tokenizers makes of a text what the reference (the
// Rust library behind Python's `tokenizers`) does. Equal on all characters of Unicode 8; the reference's tables know no
// later marks and punctuation, and ours are those of Node.

type Json = Readonly<Record<string, unknown>>;

/** In place of `normaliser`, which may be null, a sequence, or of any kind. */
export function likeReference(normaliser: unknown): unknown {
  if (typeof normaliser !== "object" || normaliser === null) return normaliser;
  const { type, normalizers, lowercase, handle_chinese_chars: spaces } = normaliser as Json;
  switch (type) {
    case "Sequence":
      return sequence(Array.isArray(normalizers) ? normalizers.map(likeReference) : []);
    case "Lowercase":
      return sequence([smallSigma, normaliser]);
    case "BertNormalizer":
      return sequence([
        ...(lowercase === true ? [smallSigma] : []),
        ...(spaces === true ? [distantIdeographs] : []),
        normaliser,
      ]);
    case "Precompiled":
      return publishedMap;
    default:
      return normaliser;
  }
}

function sequence(normalizers: readonly unknown[]): Json {
  return { type: "Sequence", normalizers };
}

function replaceAny(characters: string, content: string): Json {
  return { type: "Replace", pattern: { Regex: `[${characters}]` }, content };
}

/** JavaScript ends a word with ς where the reference has σ everywhere. */
const smallSigma = replaceAny("Σ", "σ");

/** Those beyond the basic plane stand apart, too. */
const distantIdeographs = replaceAny("\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}", " $& ");

const unused = "\ufdd0";

/**
 * A compiled character map is sentencepiece's `nmt_nfkc` in every encoder that we know: NFKC, control characters out,
 * white space and what has no width to spaces, but joiners between characters and the wide tilde as they are.
 */
const publishedMap = sequence([
  replaceAny("\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f", ""),
  replaceAny("\t\n\u000c\r\u061c\u1680\u200b\u200c\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd", " "),
  replaceAny("\uff5e", unused),
  { type: "NFKC" },
  replaceAny(unused, "\uff5e"),
]);
