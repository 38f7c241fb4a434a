"""Omikuji with its defaults: three balanced 2-means trees.

omikuji_bench.py export <matrices> | learn <matrices> <threads> <model> | predict <matrices> <model> <out>
"""
import os
import shutil
import sys
import time

import numpy as np
import omikuji
from omikuji import ffi, lib

from matrices import TIMED, TOP, folder_bytes, read, report, write_top


def export(matrices):
    """Omikuji reads the Extreme Classification Repository's text form only, and no row without a feature."""
    X, Y = read(matrices, "X"), read(matrices, "Y")
    with open(text_file(matrices), "w") as out:
        out.write(f"{X.shape[0]} {X.shape[1]} {Y.shape[1]}\n")
        for x, y in zip(zip(X.indptr[:-1], X.indptr[1:]), zip(Y.indptr[:-1], Y.indptr[1:])):
            labels = ",".join(map(str, Y.indices[slice(*y)].tolist()))
            cells = zip(X.indices[slice(*x)].tolist(), X.data[slice(*x)].tolist())
            out.write(labels + " " + (" ".join(f"{i}:{v:.9g}" for i, v in cells) or "0:0") + "\n")
    report()


def text_file(matrices):
    return os.path.join(matrices, "omikuji.txt")


def learn(matrices, threads, out):
    pool = omikuji._ThreadPoolHandle(int(threads))
    data = lib.load_omikuji_data_set(text_file(matrices).encode(), pool.ptr)
    assert data != ffi.NULL
    cpu, start = time.process_time(), time.perf_counter()
    model = omikuji.Model(lib.train_omikuji_model(data, omikuji.Model.default_hyper_param(), pool.ptr))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    shutil.rmtree(out, ignore_errors=True)
    model.save(out)
    report(seconds=seconds, cpuSeconds=cpu, bytes=folder_bytes(out))


def predict(matrices, folder, out):
    T = read(matrices, "T")
    model = omikuji.Model.load(folder)
    model.init_prediction_thread_pool(1)
    documents = [
        list(zip(T.indices[a:b].tolist(), T.data[a:b].tolist())) for a, b in zip(T.indptr[:-1], T.indptr[1:])
    ]
    write_top(out, [[label for label, _ in model.predict(it, top_k=TOP)] for it in documents])
    times = []
    for document in documents[:TIMED]:
        start = time.perf_counter()
        model.predict(document, top_k=TOP)
        times.append(time.perf_counter() - start)
    report(milliseconds=float(np.median(times)) * 1000)


{"export": export, "learn": learn, "predict": predict}[sys.argv[1]](*sys.argv[2:])
