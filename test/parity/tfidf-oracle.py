"""Makes test/fixtures/tfidf-oracle.json: TF-IDF rows of a small corpus as scikit-learn's TfidfVectorizer weighs them.

    python3 -m venv env && env/bin/pip install scikit-learn
    env/bin/python test/parity/tfidf-oracle.py

Vocabularies are compared by term, so hashing plays no part. Texts are already NFKC; words are those of `\\w+` here, which
on these texts are the same as Tagwright's. Two blocks: each unit norm, side by side, then the whole row unit norm.
"""

import json
import pathlib
import platform
import re

import numpy as np
import sklearn
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

TEXTS = [
    "The old oak stands by the old mill; the mill stream is low.",
    "An elm, an ash and an oak: three trees by the stream.",
    "Grafting day. We cut scions from the old pear tree and set them on quince.",
    "Müller's Straße Käsespätzle, CAFÉ crème - and a pear tart!",
    "Λόγος και ΜΎΘΟΣ: δύο παλιές λέξεις, λόγος πρώτα",
    "Дуб стоит у старой мельницы; дуб старый.",
    "mill mill mill stream, mill stream: the miller's mill",
    "v2 of the x86 mill runs at 50 Hz in 2026, v2 only",
    "oak",
    "",
]

WORD = {"analyzer": "word", "minN": 1, "maxN": 2, "sublinear": False}
CHAR = {"analyzer": "char", "minN": 2, "maxN": 4, "sublinear": False}
CASES = [
    {"name": "word 1-2-grams in two documents or more", "blocks": [WORD], "minDocuments": 2},
    {"name": "sublinear words", "blocks": [{**WORD, "maxN": 1, "sublinear": True}], "minDocuments": 1},
    {"name": "character n-grams", "blocks": [CHAR], "minDocuments": 2},
    {"name": "words beside characters", "blocks": [{**WORD, "sublinear": True}, CHAR], "minDocuments": 2},
]


def fit(block, min_documents):
    analyzer = {"word": "word", "char": "char_wb"}[block["analyzer"]]
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=(block["minN"], block["maxN"]),
        sublinear_tf=block["sublinear"],
        min_df=min_documents,
        token_pattern=r"(?u)\w+",
        # char_wb would keep punctuation in its words: give it words only, as Tagwright has.
        preprocessor=(lambda text: " ".join(re.findall(r"\w+", text.lower()))),
        dtype=np.float64,
    )


def rows_of(case):
    parts, terms = [], []
    for b, block in enumerate(case["blocks"]):
        vectorizer = fit(block, case["minDocuments"])
        parts.append(vectorizer.fit_transform(TEXTS))
        terms += [f"{b}:{term}" for term in vectorizer.get_feature_names_out()]
    matrix = normalize(hstack(parts).tocsr())
    rows = []
    for row in matrix:
        entries = sorted((terms[i], round(float(v), 7)) for i, v in zip(row.indices, row.data))
        rows.append(dict(entries))
    return {"terms": sorted(terms), "rows": rows}


def main():
    result = {
        "madeWith": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, Python {platform.python_version()}",
        "texts": TEXTS,
        "cases": [{**case, **rows_of(case)} for case in CASES],
    }
    out = pathlib.Path(__file__).parent.parent / "fixtures" / "tfidf-oracle.json"
    out.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n")


main()
