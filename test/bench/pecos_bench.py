"""PECOS XR-Linear. pecos_bench.py learn <matrices> <recipe> <threads> <seed> <model> | predict <matrices> <model> <out>

Recipes: "default" is PECOS's own; "paper" is what the XR-Transformer paper trains its last ranker with.
"""
import shutil
import sys
import time

import numpy as np
from pecos.xmc import Indexer, LabelEmbeddingFactory
from pecos.xmc.xlinear.model import XLinearModel

from matrices import TIMED, TOP, folder_bytes, read, report, write_top

RECIPES = {
    "default": dict(threshold=0.1),
    "paper": dict(threshold=0.01, Cp=4.0, negative_sampling_scheme="tfn+man", rel_mode="induce", rel_norm="l1"),
}


def learn(matrices, recipe, threads, seed, out):
    threads = int(threads)
    X, Y = read(matrices, "X"), read(matrices, "Y")
    cpu, start = time.process_time(), time.perf_counter()
    embedding = LabelEmbeddingFactory.create(Y, X)
    shape = dict(nr_splits=16, max_leaf_size=100, seed=int(seed))
    tree = Indexer.gen(embedding, indexer_type="hierarchicalkmeans", threads=threads, **shape)
    model = XLinearModel.train(X, Y, tree, threads=threads, **RECIPES[recipe])
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    shutil.rmtree(out, ignore_errors=True)
    model.save(out)
    report(seconds=seconds, cpuSeconds=cpu, bytes=folder_bytes(out))


def predict(matrices, folder, out):
    T = read(matrices, "T")
    model = XLinearModel.load(folder, is_predict_only=True)
    options = dict(beam_size=10, only_topk=TOP, threads=1)
    found = model.predict(T, **{**options, "threads": 2}).tocsr()
    rows = []
    for a, b in zip(found.indptr[:-1], found.indptr[1:]):
        rows.append(found.indices[a:b][np.argsort(-found.data[a:b], kind="stable")])
    write_top(out, rows)
    documents = [T[i] for i in range(min(TIMED, T.shape[0]))]
    times = []
    for document in documents:
        start = time.perf_counter()
        model.predict(document, **options)
        times.append(time.perf_counter() - start)
    some = T[: len(documents)]
    start = time.perf_counter()
    model.predict(some, **options)
    batch = (time.perf_counter() - start) / len(documents)
    report(milliseconds=float(np.median(times)) * 1000, batchMilliseconds=batch * 1000)


{"learn": learn, "predict": predict}[sys.argv[1]](*sys.argv[2:])
