"""The matrices that `tagwright/matrices.ts` writes, and what all Python systems report."""
import json
import os
import resource
import sys

import numpy as np
import scipy.sparse as sp

TOP = 10
NO_LABEL = 0xFFFFFFFF
TIMED = 2000


def read(folder, name):
    """X or T: rows of features; Y: labels of the training rows."""
    shape = json.load(open(os.path.join(folder, "shape.json")))
    load = lambda part, kind: np.fromfile(os.path.join(folder, f"{name}.{part}"), dtype=kind)
    indptr = load("indptr.u32", "<u4").astype(np.int64)
    indices = load("indices.u32", "<u4").astype(np.int32)
    values = np.ones(len(indices), np.float32) if name == "Y" else load("values.f32", "<f4")
    width = shape["labels"] if name == "Y" else shape["features"]
    return sp.csr_matrix((values, indices, indptr), shape=(len(indptr) - 1, width), dtype=np.float32)


def write_top(file, rows):
    """rows: for each document its label numbers, best first."""
    top = np.full((len(rows), TOP), NO_LABEL, dtype="<u4")
    for document, labels in enumerate(rows):
        top[document, : min(TOP, len(labels))] = labels[:TOP]
    top.tofile(file)


def folder_bytes(folder):
    return sum(os.path.getsize(os.path.join(at, it)) for at, _, names in os.walk(folder) for it in names)


def peak_bytes():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def report(**figures):
    print(json.dumps({**figures, "peakBytes": peak_bytes()}), flush=True)
