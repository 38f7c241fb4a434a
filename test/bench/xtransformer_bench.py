"""PECOS's XR-Transformer on a corpus in JSON Lines: the same encoder, the same passes over the documents, the same length.

Usage: python xtransformer_bench.py CORPUS_FOLDER ENCODER_FOLDER [--epochs 1,1,2] [--length 128] [--threads 2] [--frozen]
Prints one JSON object. Needs libpecos, torch, transformers and scikit-learn.
"""
import argparse
import gzip
import json
import time

import numpy as np
import scipy.sparse as smat
import torch
from pecos.utils.featurization.text.vectorizers import Vectorizer  # noqa: F401  (fails early without libpecos)
from pecos.xmc import Indexer, LabelEmbeddingFactory
from pecos.xmc.xtransformer.matcher import TransformerMatcher
from pecos.xmc.xtransformer.model import XTransformer
from pecos.xmc.xtransformer.module import MLProblemWithText
from sklearn.feature_extraction.text import TfidfVectorizer

parser = argparse.ArgumentParser()
parser.add_argument("corpus")
parser.add_argument("encoder")
parser.add_argument("--epochs", default="1,1,2")
parser.add_argument("--length", type=int, default=128)
parser.add_argument("--rate", type=float, default=1e-4)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--frozen", action="store_true")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)
np.random.seed(args.seed)


def read(name):
    with gzip.open(f"{args.corpus}/{name}.jsonl.gz", "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def label_matrix(documents, index):
    rows, cols = [], []
    for row, document in enumerate(documents):
        for label in set(document["labels"]) & index.keys():
            rows.append(row)
            cols.append(index[label])
    ones = np.ones(len(rows), np.float32)
    return smat.csr_matrix((ones, (rows, cols)), shape=(len(documents), len(index)))


train, test = read("train"), read("test")
index = {label: i for i, label in enumerate(sorted({l for d in train for l in d["labels"]}))}
vectorizer = TfidfVectorizer(
    token_pattern=r"\w+", ngram_range=(1, 2), min_df=2, max_features=500_000, sublinear_tf=True, dtype=np.float32
)
X = vectorizer.fit_transform([d["text"] for d in train]).tocsr()
X.sort_indices()
Xt = vectorizer.transform([d["text"] for d in test]).tocsr()
Xt.sort_indices()
Y = label_matrix(train, index)
one_line = lambda d: " ".join(d["text"].split())
problem = MLProblemWithText([one_line(d) for d in train], Y, X_feat=X)

started = time.time()
tree = Indexer.gen(LabelEmbeddingFactory.create(Y, X, method="pifa"), nr_splits=16, max_leaf_size=16, seed=0)
epochs = [float(it) for it in args.epochs.split(",")]
per_epoch = -(-len(train) // 32)
levels = len(tree)
passes = epochs[-levels:] if levels <= len(epochs) else [epochs[0]] * (levels - len(epochs)) + epochs
params = XTransformer.TrainParams.from_dict({"do_fine_tune": not args.frozen}, recursive=True)
params.matcher_params_chain = [
    TransformerMatcher.TrainParams(
        model_shortcut=args.encoder,
        negative_sampling="tfn+man",
        loss_function="weighted-squared-hinge",
        bootstrap_method="linear",
        max_steps=max(1, round(per_epoch * it)),
        num_train_epochs=1,
        warmup_steps=max(1, round(0.1 * per_epoch * it)),
        save_steps=max(1, round(per_epoch * it)),
        logging_steps=10**9,
        learning_rate=args.rate,
        batch_size=32,
        batch_gen_workers=1,
        use_gpu=False,
    )
    for it in passes
]
pred = XTransformer.PredParams.from_dict({}, recursive=True)
pred.matcher_params_chain = [
    TransformerMatcher.PredParams(
        only_topk=8, ensemble_method="concat-only", truncate_length=args.length, post_processor="l3-hinge"
    )
    for _ in passes
]
model = XTransformer.train(
    problem,
    clustering=tree,
    train_params=params,
    pred_params=pred,
    beam_size=20,
    only_topk=10,
    threshold=0.1,
    post_processor="l3-hinge",
    negative_sampling="tfn",
    use_gpu=False,
    batch_size=32,
    batch_gen_workers=1,
    threads=args.threads,
)
train_seconds = time.time() - started
started = time.time()
predicted = model.predict([one_line(d) for d in test], X_feat=Xt, only_topk=10, beam_size=20, use_gpu=False,
                          batch_size=32, batch_gen_workers=1, threads=args.threads).tocsr()
predict_seconds = time.time() - started

truths = [set(d["labels"]) for d in test]
names = sorted(index, key=index.get)
precision = {k: 0.0 for k in (1, 3, 5)}
ndcg = 0.0
for row, truth in enumerate(truths):
    start, end = predicted.indptr[row], predicted.indptr[row + 1]
    order = np.argsort(-predicted.data[start:end], kind="stable")
    top = [names[i] for i in predicted.indices[start:end][order]]
    for k in precision:
        precision[k] += len(truth & set(top[:k])) / k
    gain = sum(1 / np.log2(i + 2) for i, it in enumerate(top[:5]) if it in truth)
    ideal = sum(1 / np.log2(i + 2) for i in range(min(5, len(truth))))
    ndcg += gain / ideal if ideal else 0
count = len(truths)
print(
    json.dumps(
        {
            "system": "pecos xtransformer",
            "frozen": args.frozen,
            "documents": len(train),
            "labels": len(index),
            "precision": {k: round(100 * v / count, 2) for k, v in precision.items()},
            "ndcg5": round(100 * ndcg / count, 2),
            "trainSeconds": round(train_seconds, 1),
            "predictSeconds": round(predict_seconds, 1),
        }
    )
)
