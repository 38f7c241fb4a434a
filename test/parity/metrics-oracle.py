"""Makes test/fixtures/metrics-oracle.json: random suggestions and truths with the figures that NumPy and scikit-learn give them.

    python3 -m venv env && env/bin/pip install numpy scikit-learn
    env/bin/python test/parity/metrics-oracle.py

Definitions: precision, nDCG and propensity-scored precision as in pyxclib's xc_metrics (PSP is a ratio of sums),
recall over max(true labels, 1), F1 by scikit-learn over labels that are true or taken somewhere, calibration error in
15 bins of equal mass over the first five suggestions of each document, and what that is by chance the normal
approximation of each bin's binomial deviation.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.metrics import f1_score

A, B, BINS, RANKS = 0.55, 1.5, 15, 10


def make_case(rng, documents, labels, threshold):
    names = [f"label {i}" for i in range(labels)]
    counts = rng.zipf(1.6, labels).clip(0, 400) - 1  # some labels were never seen in training
    rows = []
    for i in range(documents):
        truth = rng.choice(labels, size=int(rng.integers(0, 7)) if i % 9 else 0, replace=False)
        length = int(rng.integers(0, RANKS + 1)) if i % 5 == 0 else RANKS
        pool = np.unique(np.concatenate([truth, rng.choice(labels, size=14)]))
        ranked = rng.permutation(pool)[:length]
        # Rounded, so that equal probabilities occur.
        probability = np.sort(rng.random(len(ranked)) ** 2)[::-1].round(2)
        rows.append(
            {
                "suggestions": [{"id": names[l], "probability": float(p)} for l, p in zip(ranked, probability)],
                "truth": [names[l] for l in truth],
                "milliseconds": round(float(rng.gamma(2.0)), 3),
            }
        )
    return {
        "options": {
            "numLabels": labels,
            "trainDocuments": int(counts.sum() // 2 + 20),
            "threshold": threshold,
            "labelDocuments": [[names[l], int(counts[l])] for l in range(labels)],
        },
        "rows": rows,
    }


def figures(case):
    options, rows = case["options"], case["rows"]
    count = dict(map(tuple, options["labelDocuments"]))
    names = sorted(count)
    column = {name: i for i, name in enumerate(names)}
    n = len(rows)
    truth = np.zeros((n, len(names)), bool)
    taken = np.zeros((n, len(names)), bool)
    hit = np.zeros((n, RANKS))
    weight = np.zeros((n, RANKS))
    inverse = 1 + (np.log(options["trainDocuments"]) - 1) * (B + 1) ** A * (
        np.array([count[name] for name in names]) + B
    ) ** (-A)
    stated, outcome = [], []
    for i, row in enumerate(rows):
        truth[i, [column[name] for name in row["truth"]]] = True
        for j, it in enumerate(row["suggestions"]):
            c = column[it["id"]]
            taken[i, c] = it["probability"] >= options["threshold"]
            hit[i, j] = truth[i, c]
            weight[i, j] = hit[i, j] * inverse[c]
            if j < 5:
                stated.append(it["probability"])
                outcome.append(hit[i, j])
    size = truth.sum(1)
    discount = 1 / np.log2(np.arange(RANKS) + 2)
    ideal_weight = -np.sort(-(truth * inverse), axis=1)[:, :RANKS]

    def ndcg(k):
        ideal = np.array([discount[: min(k, s)].sum() for s in size])
        gain = (hit[:, :k] * discount[:k]).sum(1)
        return float(np.divide(gain, ideal, out=np.zeros(n), where=ideal > 0).mean())

    seen = truth.any(0) | taken.any(0)
    time = [row["milliseconds"] for row in rows]
    ece, ece_by_chance = calibration_error(np.array(stated), np.array(outcome))
    return {
        "documents": n,
        "labels": len(names),
        "precision": {str(k): float(hit[:, :k].sum(1).mean() / k) for k in (1, 3, 5, 10)},
        "recall": {str(k): float((hit[:, :k].sum(1) / np.maximum(size, 1)).mean()) for k in (5, 10)},
        "ndcg": {str(k): ndcg(k) for k in (3, 5)},
        "psp": {str(k): float(weight[:, :k].sum() / ideal_weight[:, :k].sum()) for k in (1, 3, 5)},
        "f1": {
            average: float(f1_score(truth[:, seen], taken[:, seen], average=average, zero_division=0))
            for average in ("micro", "macro")
        },
        "ece": ece,
        "eceByChance": ece_by_chance,
        "msPerDocument": {f"p{q}": float(np.percentile(time, q)) for q in (50, 95)},
    }


def calibration_error(stated, outcome):
    """Bins end at i * n / BINS; a run of equal probabilities belongs whole to the bin in which it starts."""
    values, inverse, mass = np.unique(stated, return_inverse=True, return_counts=True)
    ends = np.floor(np.arange(1, BINS + 1) * len(stated) / BINS)
    starts_at = np.concatenate([[0], np.cumsum(mass)[:-1]])
    bin_of_value = np.searchsorted(ends, starts_at, side="right")
    bin_of_pair = bin_of_value[inverse]
    gaps = [abs((stated - outcome)[bin_of_pair == b].sum()) for b in range(BINS)]
    variances = [(stated * (1 - stated))[bin_of_pair == b].sum() for b in range(BINS)]
    by_chance = np.sqrt(2 / np.pi) * np.sqrt(variances)
    return float(sum(gaps) / len(stated)), float(by_chance.sum() / len(stated))


rng = np.random.default_rng(20)
cases = [make_case(rng, 60, 40, 0.3), make_case(rng, 200, 25, 0.55), make_case(rng, 10, 400, 0.05)]
for case in cases:
    case["expected"] = figures(case)
made_with = {"python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__}
target = pathlib.Path(__file__).parent.parent / "fixtures" / "metrics-oracle.json"
target.write_text(json.dumps({"madeWith": made_with, "cases": cases}, separators=(",", ":")) + "\n")
