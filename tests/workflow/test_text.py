"""Text from the rows to the answer: sparse features through fit, encoding, training, bundle and JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import coo_array
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from hagane.bundle.bundle import Bundle
from hagane.data.open_table import open_table
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.sparse_rows import SparseRows
from hagane.spec.spec import Model, Spec, Split
from hagane.workflow.train import TrainResult, train
from hagane.workspace.workspace import Workspace

WORDS = "ML.TF_IDF(SPLIT(LOWER(text), ' '), 32000, 2) OVER ()"


@pytest.fixture(scope="module")
def messages(shared_data: Path) -> pa.Table:
    """SMS messages, 13 % of them spam; the same 30 % are for test whatever reads them."""
    lines = (shared_data / "sms_spam" / "SMSSpamCollection").read_text(encoding="utf-8").rstrip("\n").split("\n")
    pairs = [line.split("\t", 1) for line in lines]
    assert len(pairs) == 5_574
    part = np.random.default_rng(0).choice(["TRAIN", "EVAL", "TEST"], len(pairs), p=[0.6, 0.1, 0.3])
    return pa.table({"label": [label for label, _ in pairs], "text": [text for _, text in pairs], "part": part})


def fit(rows: pa.Table, family: str, workspace: Workspace, transform: dict[str, str], **options: object) -> TrainResult:
    spec = Spec(
        data="(a frame)", label="label", transform=transform, split=Split(method="column", column="part"),
        model=Model(type=family, options=dict(options)),
    )  # fmt: skip
    return train(spec, workspace=workspace, frame=rows)


def test_spam_by_the_words_beside_scikit_learn(messages: pa.Table, workspace: Workspace) -> None:
    result = fit(messages, "logistic_reg", workspace, {"words": WORDS}, l2_reg=0.03)
    text, part = np.array(messages["text"].to_pylist(), object), np.array(messages["part"].to_pylist())
    spam = np.array(messages["label"].to_pylist()) == "spam"
    vectorizer = TfidfVectorizer(token_pattern="[^ ]+", min_df=2)
    oracle = LogisticRegression(C=10).fit(vectorizer.fit_transform(text[part == "TRAIN"]), spam[part == "TRAIN"])
    scores = oracle.predict_proba(vectorizer.transform(text[part == "TEST"]))[:, 1]
    metrics = result.evaluation.metrics
    assert result.evaluation.num_rows == np.sum(part == "TEST")
    assert metrics["roc_auc"] > roc_auc_score(spam[part == "TEST"], scores) - 0.005
    assert metrics["f1_score"] > f1_score(spam[part == "TEST"], scores >= 0.5) - 0.02
    bundle = Bundle.load(result.bundle)
    answers = bundle.predict([{"text": "WIN a FREE prize! call now to claim"}, {"text": "see you at home"}, {}]).rows()
    assert [answer["predicted_label"] for answer in answers[:2]] == ["spam", "ham"]


def test_spam_by_neighbours_is_as_scikit_learn_has_it(messages: pa.Table, workspace: Workspace) -> None:
    """The same tokens, so the same n-grams, dictionary and counts; and as good a model."""
    words = "ML.NGRAMS(TEXT_ANALYZE(text, analyzer => 'PATTERN_ANALYZER'), [1, 2])"
    transform = {
        "tfidf": f"ML.TF_IDF({words}, 100000, 2) OVER ()",
        "bag": f"ML.BAG_OF_WORDS({words}, 100000, 2) OVER ()",
    }
    result = fit(messages, "logistic_reg", workspace, {"tfidf": transform["tfidf"]}, l2_reg=0.003)
    text, part = np.array(messages["text"].to_pylist(), object), np.array(messages["part"].to_pylist())
    spam = np.array(messages["label"].to_pylist()) == "spam"
    how = {"token_pattern": r"(?a)\b\w{2,}\b", "min_df": 2, "ngram_range": (1, 2)}
    vectorizer = TfidfVectorizer(**how)
    oracle = LogisticRegression(C=10).fit(vectorizer.fit_transform(text[part == "TRAIN"]), spam[part == "TRAIN"])
    scores = oracle.predict_proba(vectorizer.transform(text[part == "TEST"]))[:, 1]
    metrics = result.evaluation.metrics
    assert metrics["roc_auc"] > roc_auc_score(spam[part == "TEST"], scores) - 0.005
    assert metrics["f1_score"] > f1_score(spam[part == "TEST"], scores >= 0.5) - 0.02

    rows = open_table(messages.filter(pa.array(part == "TRAIN")))
    fitted = fit_transform(transform, rows, accepts_missing=True)
    tfidf, bag = fitted.sparse
    assert list(tfidf.vocabulary) == list(bag.vocabulary) == sorted(vectorizer.vocabulary_)
    (batch,) = messages.filter(pa.array(part == "TEST")).select(["text"]).combine_chunks().to_batches()
    tfidf_rows, bag_rows = Encoder(fitted).encode_batch(batch).sparse
    counts = CountVectorizer(**how, vocabulary=bag.vocabulary).transform(text[part == "TEST"])
    known = bag_rows.ids > 0
    ours = coo_array((bag_rows.weights[known], (rows_of(bag_rows)[known], bag_rows.ids[known] - 1)), counts.shape)
    assert (ours.tocsr() != counts).nnz == 0
    num_tokens = np.bincount(rows_of(bag_rows), bag_rows.weights, counts.shape[0])
    num_train = np.sum(part == "TRAIN")
    in_rows = np.asarray(
        (CountVectorizer(**how, vocabulary=bag.vocabulary).transform(text[part == "TRAIN"]) > 0).sum(0)
    )
    idf = np.log(1 + num_train / (1 + in_rows.ravel()))
    slots, of_rows = tfidf_rows.ids[known], rows_of(tfidf_rows)[known]
    assert np.allclose(
        tfidf_rows.weights[known], bag_rows.weights[known] / num_tokens[of_rows] * idf[slots - 1], rtol=1e-6
    )


def rows_of(sparse: SparseRows) -> np.ndarray:
    return np.repeat(np.arange(sparse.num_rows), np.diff(sparse.offsets))


def test_a_spec_without_transform_takes_text_for_words_and_says_so(messages: pa.Table, workspace: Workspace) -> None:
    spec = Spec(data="(a frame)", label="label", split=Split(method="column", column="part"),
                model=Model(type="logistic_reg"))  # fmt: skip
    result = train(spec, workspace=workspace, frame=messages)
    assert result.spec.transform == {"text": "ML.TF_IDF(TEXT_ANALYZE(text), 32000, 5) OVER ()"}
    assert [note for note in result.notes if "'text' is text rather than a category" in note]
    assert result.evaluation.metrics["roc_auc"] > 0.97


@pytest.mark.parametrize("family", ["boosted_tree_classifier", "dnn_classifier"])
def test_spam_by_the_words_and_their_number(family: str, messages: pa.Table, workspace: Workspace) -> None:
    transform = {"words": WORDS, "length": "LENGTH(text)", "shouts": "UPPER(text) = text"}
    options = {"max_iterations": 60 if family.startswith("boosted") else 5}
    result = fit(messages, family, workspace, transform, **options)
    assert result.evaluation.metrics["roc_auc"] > 0.97
    assert result.evaluation.metrics["f1_score"] > 0.8
    assert set(result.model.importance()) == set(transform)
    assert result.model.importance()["words"] > 0


CHARACTERS = "ML.BAG_OF_WORDS(SPLIT(text, ''), 1000, 1) OVER ()"
PAIRS = "ML.TF_IDF(ML.NGRAMS(SPLIT(text, ''), [2, 3], ''), 5000, 2) OVER ()"


@pytest.mark.parametrize(
    ("family", "sql"),
    [("logistic_reg", CHARACTERS), ("boosted_tree_classifier", CHARACTERS), ("dnn_classifier", CHARACTERS),
     ("logistic_reg", PAIRS), ("boosted_tree_classifier", PAIRS)],
)  # fmt: skip
def test_japanese_by_its_characters(family: str, sql: str, workspace: Workspace) -> None:
    """Sentences without spaces about the weather, or about a match."""
    random = np.random.default_rng(0)
    weather = ["今日は晴れです", "明日は雨が降るでしょう", "台風が近づいている", "雪で寒い朝になった", "気温が上がる"]
    match = ["試合は三対一で勝った", "選手が本塁打を打った", "決勝で負けてしまった", "監督は投手を代えた", "応援が続く"]
    about = random.integers(0, 2, 600)
    text = [
        "".join(random.choice(match if chosen else weather, 2)) + random.choice(["", "。", "!", "ね"])
        for chosen in about
    ]
    part = random.choice(["TRAIN", "EVAL", "TEST"], 600, p=[0.6, 0.1, 0.3])
    rows = pa.table({"label": np.where(about == 1, "試合", "天気"), "text": text, "part": part})
    result = fit(rows, family, workspace, {"characters": sql})
    assert result.evaluation.metrics["accuracy"] > 0.97
    answers = Bundle.load(result.bundle).predict([{"text": "明日は雨で寒い朝"}, {"text": "選手が打って勝った"}]).rows()
    assert [answer["predicted_label"] for answer in answers] == ["天気", "試合"]


def test_neighbouring_characters_are_as_scikit_learn_has_them() -> None:
    """Any script, characters beyond the first plane and combined ones too: a character is a code point."""
    texts = ["今日は晴れ", "今日も晴れ", "試合に勝った🎉", "🎉🎉勝った", "é e\u0301", "a", "", "今日は晴れ"]
    rows = open_table(pa.table({"text": texts}))
    sql = "ML.BAG_OF_WORDS(ML.NGRAMS(SPLIT(text, ''), [2, 3], ''), 5000, 1) OVER ()"
    fitted = fit_transform({"pairs": sql}, rows, accepts_missing=True)
    oracle = CountVectorizer(analyzer="char", ngram_range=(2, 3), lowercase=False)
    counts = oracle.fit_transform(texts)
    assert list(fitted.sparse[0].vocabulary) == sorted(oracle.vocabulary_)
    (found,) = Encoder(fitted).encode_batch(pa.record_batch({"text": texts})).sparse
    ours = coo_array((found.weights, (rows_of(found), found.ids - 1)), counts.shape).tocsr()
    assert (ours != counts[:, np.argsort(np.argsort(oracle.get_feature_names_out()))]).nnz == 0
