"""Text from the rows to the answer: sparse features through fit, encoding, training, bundle and JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from hagane.bundle.bundle import Bundle
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


@pytest.mark.parametrize("family", ["boosted_tree_classifier", "dnn_classifier"])
def test_spam_by_the_words_and_their_number(family: str, messages: pa.Table, workspace: Workspace) -> None:
    transform = {"words": WORDS, "length": "LENGTH(text)", "shouts": "UPPER(text) = text"}
    options = {"max_iterations": 60 if family.startswith("boosted") else 5}
    result = fit(messages, family, workspace, transform, **options)
    assert result.evaluation.metrics["roc_auc"] > 0.97
    assert result.evaluation.metrics["f1_score"] > 0.8
    assert set(result.model.importance()) == set(transform)
    assert result.model.importance()["words"] > 0


@pytest.mark.parametrize("family", ["logistic_reg", "boosted_tree_classifier", "dnn_classifier"])
def test_japanese_by_its_characters(family: str, workspace: Workspace) -> None:
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
    result = fit(rows, family, workspace, {"characters": "ML.BAG_OF_WORDS(SPLIT(text, ''), 1000, 1) OVER ()"})
    assert result.evaluation.metrics["accuracy"] > 0.97
    answers = Bundle.load(result.bundle).predict([{"text": "明日は雨で寒い朝"}, {"text": "選手が打って勝った"}]).rows()
    assert [answer["predicted_label"] for answer in answers] == ["天気", "試合"]
