"""Makes test/fixtures/step-oracle.json.gz: three steps of fine-tuning tiny random encoders, as PyTorch computes them.

    python3 -m venv env && env/bin/pip install torch transformers
    env/bin/python test/parity/step-oracle.py

Encoders are those of `transformers`, gradients those of autograd, updates those of `torch.optim`; all in float64, stored
as float32. Batches have documents of different lengths, padding, one document of padding only, repeated pieces, slots
without cost, and dropout as given factors. Rows of the word, position and head tables move only where they occur.
Weights bear Tagwright's names: matrices as [inputs, outputs], one row of token types.
"""

import base64
import gzip
import json
import pathlib

import torch
import transformers
from torch.optim.adamw import adamw

HIDDEN, HEADS, INTERMEDIATE, LAYERS, VOCABULARY, POSITIONS, LABELS = 16, 2, 24, 2, 30, 12, 9
EPSILON = 1e-12
STEPS = [
    {"lengths": [6, 4, 1], "length": 6, "slots": [0, 1, 2, 3, 4, 5], "rate": 0.01},
    {"lengths": [3, 5], "length": 5, "slots": [1, 3, 8], "rate": 0.02},
    {"lengths": [7, 0, 2, 7], "length": 7, "slots": [0, 4, 5, 6, 7], "rate": 0.005},
]
CASES = [
    {"family": "bert", "pooling": "mean", "activation": "gelu", "loss": "squared-hinge", "clip": 1.0, "decay": 0.1},
    {"family": "roberta", "pooling": "pooler", "activation": "gelu_tanh", "loss": "bce", "clip": 0.05, "decay": 0.0},
    {"family": "distilbert", "pooling": "first", "activation": "relu", "loss": "squared-hinge", "clip": 9.0, "decay": 0.01},
    {"family": "mpnet", "pooling": "mean", "activation": "gelu", "loss": "squared-hinge", "clip": 1.0, "decay": 0.01},
    {"family": "mpnet", "pooling": "pooler", "activation": "gelu", "loss": "bce", "clip": 1.0, "decay": 0.0},
    {"family": "bert", "pooling": "pooler", "activation": "gelu", "loss": "squared-hinge", "clip": 1.0, "decay": 0.1, "layerDecay": 0.5},
]


def build(case):
    activation = {"gelu": "gelu", "gelu_tanh": "gelu_pytorch_tanh", "relu": "relu"}[case["activation"]]
    if case["family"] == "distilbert":
        config = transformers.DistilBertConfig(
            vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, n_layers=LAYERS, n_heads=HEADS, dim=HIDDEN,
            hidden_dim=INTERMEDIATE, activation=activation, attn_implementation="eager",
        )  # fmt: skip
        return transformers.DistilBertModel(config)
    shared = dict(
        vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        hidden_size=HIDDEN, intermediate_size=INTERMEDIATE, hidden_act=activation, layer_norm_eps=EPSILON,
        attn_implementation="eager",
    )  # fmt: skip
    pool = case["pooling"] == "pooler"
    if case["family"] == "roberta":
        config = transformers.RobertaConfig(**shared, type_vocab_size=1, pad_token_id=1)
        return transformers.RobertaModel(config, add_pooling_layer=pool)
    if case["family"] == "mpnet":
        return transformers.MPNetModel(transformers.MPNetConfig(**shared, pad_token_id=1), add_pooling_layer=pool)
    return transformers.BertModel(transformers.BertConfig(**shared), add_pooling_layer=pool)


def places(case):
    """Our name -> (parameter's name, how it is turned)."""
    bert = case["family"] != "distilbert"
    norm = "embeddings.LayerNorm"
    names = {"words": "embeddings.word_embeddings.weight", "positions": "embeddings.position_embeddings.weight"}
    mpnet = case["family"] == "mpnet"
    if mpnet:
        names["relative"] = "encoder.relative_attention_bias.weight"
    elif bert:
        names["types"] = "embeddings.token_type_embeddings.weight"
    names |= {"norm.scale": f"{norm}.weight", "norm.shift": f"{norm}.bias"}
    for i in range(LAYERS):
        base = f"encoder.layer.{i}." if bert else f"transformer.layer.{i}."
        parts = (
            {"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
             "output": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense"}
            if bert else
            {"query": "attention.q_lin", "key": "attention.k_lin", "value": "attention.v_lin",
             "output": "attention.out_lin", "up": "ffn.lin1", "down": "ffn.lin2"}
        )  # fmt: skip
        if mpnet:
            parts |= {it: f"attention.attn.{it[0]}" for it in ("query", "key", "value", "output")}
        norms = (
            {"attention": "attention.output.LayerNorm", "feed": "output.LayerNorm"}
            if bert
            else {"attention": "sa_layer_norm", "feed": "output_layer_norm"}
        )
        if mpnet:
            norms["attention"] = "attention.LayerNorm"
        for ours, theirs in parts.items():
            names |= {f"layer.{i}.{ours}.{it}": f"{base}{theirs}.{it}" for it in ("weight", "bias")}
        for ours, theirs in norms.items():
            names |= {f"layer.{i}.{ours}.scale": f"{base}{theirs}.weight", f"layer.{i}.{ours}.shift": f"{base}{theirs}.bias"}
    if case["pooling"] == "pooler":
        names |= {"pooler.weight": "pooler.dense.weight", "pooler.bias": "pooler.dense.bias"}
    return names


def ours(name, tensor):
    """A weight or gradient in our layout."""
    if name == "types":
        return tensor[0]
    return tensor.T if name.endswith(".weight") else tensor


def share_of(case, name):
    """Of the rate of the highest layer; tables and what comes before the layers are below the lowest."""
    if name.startswith(("pooler", "head")):
        return 1.0
    above = LAYERS - 1 - int(name.split(".")[1]) if name.startswith("layer.") else LAYERS
    return case.get("layerDecay", 1.0) ** above


def make_batch(step, generator):
    length, lengths = step["length"], step["lengths"]
    shape = (len(lengths), length)
    mask = (torch.arange(length)[None, :] < torch.tensor(lengths)[:, None]).double()
    # Few different pieces, so that some repeat; 1 is the padding of RoBERTa.
    ids = torch.randint(2, VOCABULARY // 2, shape, generator=generator)
    ids = torch.where(mask > 0, ids, 1)
    slots = (len(lengths), len(step["slots"]))
    sign = torch.where(torch.rand(slots, generator=generator) < 0.4, 1.0, -1.0).double()
    cost = torch.rand(slots, generator=generator).double() * (torch.rand(slots, generator=generator) < 0.7)
    cost = cost * (mask.sum(1, keepdim=True) > 0)
    keep = (torch.rand((len(lengths), HIDDEN), generator=generator) < 0.8).double() / 0.8
    return {"ids": ids, "mask": mask, "sign": sign, "cost": cost, "dropout": keep}


def compute_loss(case, model, head, bias, batch, slots):
    hidden = model(input_ids=batch["ids"], attention_mask=batch["mask"].long())
    if case["pooling"] == "mean":
        total = (hidden.last_hidden_state * batch["mask"][:, :, None]).sum(1)
        embedding = total / batch["mask"].sum(1, keepdim=True).clamp(min=1)
    else:
        embedding = hidden.pooler_output if case["pooling"] == "pooler" else hidden.last_hidden_state[:, 0]
    # A document of padding only has no cost, and every gradient from it is an exact zero.
    z = (embedding * batch["dropout"]) @ head[slots].T + bias[slots]
    if case["loss"] == "bce":
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, (batch["sign"] + 1) / 2, batch["cost"], reduction="sum")
    else:
        loss = (batch["cost"] * (1 - batch["sign"] * z).clamp(min=0) ** 2).sum()
    return loss, embedding


def run(case, seed):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = build(case).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.15 + (parameter.dim() == 1) * 0.2)
            parameter.copy_(parameter.float())
    head = torch.nn.Parameter(torch.randn((LABELS, HIDDEN), generator=generator).double() * 0.3)
    bias = torch.nn.Parameter(torch.randn(LABELS, generator=generator).double() * 0.3)
    with torch.no_grad():
        head.copy_(head.float())
        bias.copy_(bias.float())
    theirs = dict(model.named_parameters())
    names = places(case)
    tensors = {f"before.{it}": ours(it, theirs[at]) for it, at in names.items()}
    tensors |= {"before.head.rows": head, "before.head.bias": bias}
    tensors = {name: it.detach().clone() for name, it in tensors.items()}

    tables = {"words": theirs[names["words"]], "positions": theirs[names["positions"]], "head": head, "head.bias": bias}
    moments = {it: (torch.zeros_like(table), torch.zeros_like(table)) for it, table in tables.items()}
    body = {it: theirs[at] for it, at in names.items() if it not in tables}
    optimizer = torch.optim.AdamW([
        {"params": [it], "weight_decay": case["decay"] if name.endswith(".weight") else 0.0, "share": share_of(case, name)}
        for name, it in body.items()
    ])  # fmt: skip
    first_position = 2 if case["family"] in ("roberta", "mpnet") else 0
    summary = []
    for index, step in enumerate(STEPS):
        batch = make_batch(step, generator)
        tensors |= {f"step.{index}.{name}": it for name, it in batch.items()}
        model.zero_grad()
        head.grad = bias.grad = None
        loss, embedding = compute_loss(case, model, head, bias, batch, step["slots"])
        loss.backward()
        tensors[f"step.{index}.embedding"] = embedding.detach()
        every = {**{it: parameter.grad for it, parameter in body.items()}, **{it: table.grad for it, table in tables.items()}}
        for it, gradient in every.items():
            tensors[f"step.{index}.gradient.{it}"] = ours(it, gradient).clone()
        encoder_norm = torch.nn.utils.clip_grad_norm_(list(model.parameters()), case["clip"])
        head_norm = torch.nn.utils.clip_grad_norm_([head, bias], case["clip"])
        for group in optimizer.param_groups:
            group["lr"] = step["rate"] * group["share"]
        optimizer.step()
        touched = {
            "words": batch["ids"][batch["mask"] > 0].unique(),
            "positions": torch.arange(first_position, first_position + step["length"]),
            "head": torch.tensor(step["slots"]),
            "head.bias": torch.tensor(step["slots"]),
        }
        with torch.no_grad():
            for it, rows in touched.items():
                table = tables[it]
                weight, gradient = table[rows].clone(), table.grad[rows].clone()
                first, second = (moment[rows].clone() for moment in moments[it])
                adamw([weight], [gradient], [first], [second], [], [torch.tensor(float(index))], foreach=False, amsgrad=False,
                      beta1=0.9, beta2=0.999, lr=step["rate"] * share_of(case, it), weight_decay=0.0, eps=1e-8, maximize=False)  # fmt: skip
                table[rows] = weight
                moments[it][0][rows], moments[it][1][rows] = first, second
        summary.append({**step, "loss": loss.item(), "encoderNorm": encoder_norm.item(), "headNorm": head_norm.item()})
    after = {**{it: ours(it, parameter) for it, parameter in body.items()}, **tables}
    tensors |= {f"after.{name}": it.detach() for name, it in after.items()}
    shape = {
        "family": case["family"], "layers": LAYERS, "hidden": HIDDEN, "heads": HEADS, "intermediate": INTERMEDIATE,
        "vocabulary": VOCABULARY, "positions": POSITIONS, "firstPosition": first_position, "epsilon": EPSILON,
        "activation": case["activation"], "pooling": case["pooling"],
    }  # fmt: skip
    told = {**{it: case[it] for it in ("loss", "clip", "decay")}, "layerDecay": case.get("layerDecay", 1.0)}
    return {**told, "shape": shape, "steps": summary, "tensors": pack(tensors)}


def pack(tensors):
    packed = {}
    for name, tensor in tensors.items():
        if name.count(".gradient.") and not name.startswith("step.0."):
            continue
        values = tensor.detach().float().contiguous().numpy()
        packed[name] = {"shape": list(values.shape), "float32": base64.b64encode(values.tobytes()).decode()}
    return packed


if __name__ == "__main__":
    torch.set_num_threads(1)
    oracle = {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "cases": [run(case, seed) for seed, case in enumerate(CASES, 1)],
    }
    target = pathlib.Path(__file__).parent.parent / "fixtures" / "step-oracle.json.gz"
    target.write_bytes(gzip.compress(json.dumps(oracle).encode(), mtime=0))
    print(target.name, target.stat().st_size, "bytes")
    for case in oracle["cases"]:
        print(case["shape"]["family"], case["steps"])
