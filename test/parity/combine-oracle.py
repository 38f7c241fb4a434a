"""Makes test/fixtures/combine-oracle.json: rankings of several models, and what PECOS's rules make of them.

    python3 -m venv env && env/bin/pip install libpecos
    env/bin/python test/parity/combine-oracle.py

`CsrEnsembler` gives each row of sorted predictions; mm, the longest row over all models and rows, is kept beside them.
Values are distinct within a list, as ties are free to fall either way.
"""

import importlib.metadata
import json
import pathlib
import platform

import numpy as np
import scipy.sparse as smat
from pecos.utils.smat_util import CsrEnsembler, sorted_csr

RULES = {
    "average": "average",
    "sigmoid": "sigmoid_average",
    "softmax": "softmax_average",
    "rank": "rank_average",
    "round-robin": "round_robin",
}


def draw(rng, rows, labels, longest):
    """Predictions of one model: each row has one to `longest` labels, values in (0, 1.1), best first."""
    lists = []
    for _ in range(rows):
        length = int(rng.integers(1, longest + 1))
        values = rng.choice(np.arange(1, 1100), size=length, replace=False) / 1000
        lists.append((rng.choice(labels, size=length, replace=False), np.sort(values)[::-1]))
    indptr = np.concatenate([[0], np.cumsum([len(it) for it, _ in lists])])
    indices = np.concatenate([it for it, _ in lists])
    data = np.concatenate([it for _, it in lists])
    return sorted_csr(smat.csr_matrix((data, indices, indptr), shape=(rows, labels)))


def lists_of(csr):
    parts = [slice(csr.indptr[r], csr.indptr[r + 1]) for r in range(csr.shape[0])]
    return [{"labels": csr.indices[it].tolist(), "values": csr.data[it].tolist()} for it in parts]


def make_case(rng, models, rows, labels, longest):
    given = [draw(rng, rows, labels, longest) for _ in range(models)]
    combined = {}
    for name, rule in RULES.items():
        # Some rules write into what they are given.
        combined[name] = lists_of(getattr(CsrEnsembler, rule)(*[it.copy() for it in given]))
    return {
        "numLabels": labels,
        "longest": int(max(np.diff(it.indptr).max() for it in given)),
        "models": [lists_of(it) for it in given],
        "combined": combined,
    }


rng = np.random.default_rng(21)
cases = [make_case(rng, 2, 12, 20, 6), make_case(rng, 3, 12, 60, 10), make_case(rng, 5, 4, 9, 9)]
made_with = {name: importlib.metadata.version(name) for name in ("libpecos", "numpy", "scipy")}
target = pathlib.Path(__file__).parent.parent / "fixtures" / "combine-oracle.json"
content = {"madeWith": {"python": platform.python_version(), **made_with}, "cases": cases}
target.write_text(json.dumps(content, separators=(",", ":")) + "\n")
