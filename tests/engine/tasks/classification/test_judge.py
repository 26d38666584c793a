"""The verdict on a classification, worked by hand and against scikit-learn."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from engine.data.batch import Batch
from engine.errors import PluginError
from engine.tasks.classification.classification import Classification
from engine.tasks.classification.collector import ScoreCollector
from engine.tasks.classification.judge import judge_scores, score_table
from engine.tasks.predictions import ClassScores, Detections
from engine.tasks.registry import task_named
from engine.tasks.task import Judgement

NAMES = ("cat", "dog", "owl")
PROBS = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8]], dtype=np.float32)
TARGETS = np.array([0, 1, 1, 0])


def judged(probs: np.ndarray = PROBS, targets: np.ndarray = TARGETS) -> Judgement:
    return Classification().judge([ClassScores(row) for row in probs], targets.tolist(), NAMES)


def test_that_the_numbers_worked_by_hand_come_out() -> None:
    metrics = judged().metrics

    # cat: 2 images, 1 hit, called twice. dog: 2 images, 1 hit, called once. owl: none, called once.
    assert metrics["accuracy"] == metrics["f1_micro"] == metrics["precision_micro"] == 0.5
    assert metrics["balanced_accuracy"] == 0.5
    assert metrics["precision_macro"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert metrics["recall_macro"] == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert metrics["f1_macro"] == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    assert metrics["top5_accuracy"] == 1
    assert metrics["loss"] == pytest.approx(-sum(map(math.log, (0.7, 0.6, 0.4, 0.1))) / 4)
    # cat against the rest: 0.7 and 0.1 against 0.3 and 0.5; dog: 0.6 and 0.4 against 0.2 and 0.1.
    assert metrics["roc_auc_macro"] == pytest.approx((2 / 4 + 1) / 2)


def test_that_every_metric_has_a_better_direction_and_the_chosen_one_is_among_them() -> None:
    task = Classification()

    assert set(judged().metrics) == set(task.metric_directions)
    assert task.primary_metric in task.metric_directions
    assert {name for name, way in task.metric_directions.items() if way == "min"} == {
        "loss",
        "calibration_error",
    }


def test_that_a_class_without_images_has_a_row_of_zeros_and_no_area() -> None:
    judgement = judged()

    assert np.asarray(judgement.confusion).tolist() == [[1, 0, 1], [1, 1, 0], [0, 0, 0]]
    assert judgement.per_class["support"] == {"cat": 2, "dog": 2, "owl": 0}
    assert judgement.per_class["recall"]["owl"] == 0
    assert "owl" not in judgement.per_class["roc_auc"]


def test_that_every_image_has_its_verdict() -> None:
    columns = judged().columns
    numbers = {name: np.asarray(columns[name], np.float64) for name in ("confidence", "margin", "loss")}

    assert columns["item"].tolist() == [0, 1, 2, 3]
    assert columns["target"].tolist() == [0, 1, 1, 0]
    assert columns["predicted"].tolist() == [0, 1, 0, 2]
    assert columns["correct"].tolist() == [True, True, False, False]
    assert columns["top"].tolist() == [[0, 1, 2], [1, 0, 2], [0, 1, 2], [2, 0, 1]]
    np.testing.assert_allclose(numbers["confidence"], [0.7, 0.6, 0.5, 0.8])
    np.testing.assert_allclose(numbers["margin"], [0.5, 0.3, -0.1, -0.7], rtol=1e-5)
    np.testing.assert_allclose(numbers["loss"], -np.log([0.7, 0.6, 0.4, 0.1]), rtol=1e-5)
    assert judged().images == 4


def test_that_a_larger_evaluation_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    probs = rng.dirichlet([0.5] * 7, 400).astype(np.float32)
    targets = np.concatenate([np.arange(7), rng.integers(0, 7, 393)])
    predicted = probs.argmax(axis=1)
    names = [str(index) for index in range(7)]
    metrics = Classification().judge([ClassScores(row) for row in probs], targets.tolist(), names).metrics

    expected = {
        "accuracy": reference.accuracy_score(targets, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(targets, predicted),
        "precision_macro": reference.precision_score(targets, predicted, average="macro"),
        "recall_macro": reference.recall_score(targets, predicted, average="macro"),
        "f1_macro": reference.f1_score(targets, predicted, average="macro"),
        "f1_micro": reference.f1_score(targets, predicted, average="micro"),
        "precision_micro": reference.precision_score(targets, predicted, average="micro"),
        "recall_micro": reference.recall_score(targets, predicted, average="micro"),
        "top5_accuracy": reference.top_k_accuracy_score(targets, probs, k=5),
        "roc_auc_macro": np.mean(
            [float(reference.roc_auc_score(targets == c, probs[:, c])) for c in range(7)]
        ),
        "roc_auc_weighted": np.average(
            [float(reference.roc_auc_score(targets == c, probs[:, c])) for c in range(7)],
            weights=np.bincount(targets),
        ),
    }
    assert {name: metrics[name] for name in expected} == pytest.approx(expected)


def test_that_the_curves_are_kept_beside_the_metrics() -> None:
    arrays = judged().arrays

    # dog's positives, 0.6 and 0.4, both stand above its negatives; owl has no image and no curve.
    assert arrays["roc_true_positive_rates"].shape == (3, 101)
    assert np.asarray(arrays["roc_true_positive_rates"])[1].tolist() == [1.0] * 101
    assert np.isnan(np.asarray(arrays["roc_true_positive_rates"], np.float64)[2]).all()
    assert np.asarray(arrays["roc_false_positive_rates"])[[0, -1]].tolist() == [0, 1]
    # Fifteenths: 0.5 in the 8th, 0.7 in the 11th; as float32, 0.6 and 0.8 lie a hair above the 9th and the 12th.
    assert np.flatnonzero(np.asarray(arrays["reliability_images"])).tolist() == [7, 9, 10, 12]
    assert np.asarray(arrays["reliability_accuracy"])[[7, 9, 10, 12]].tolist() == [0, 1, 1, 0]


def test_that_of_many_classes_the_scores_from_a_thousandth_on_are_kept() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (40, 150))
    probs = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    names = [f"class {number}" for number in range(150)]
    targets = rng.integers(0, 150, 40).tolist()
    judgement = Classification().judge([ClassScores(row) for row in probs], targets, names)

    assert "scores" not in judgement.columns
    arrays = {
        name: np.asarray(judgement.arrays[f"score_{name}"]) for name in ("offsets", "classes", "values")
    }
    kept = np.zeros_like(probs)
    for row, (start, end) in enumerate(pairwise(arrays["offsets"].tolist())):
        kept[row, arrays["classes"][start:end]] = arrays["values"][start:end]
    assert (kept == np.where(probs >= 1e-3, probs, 0)).all()
    assert {"score_offsets", "score_classes", "score_values"}.isdisjoint(judgement.curves)


def test_that_the_likeliest_classes_are_those_of_a_whole_sort_also_of_equals_and_nan() -> None:
    rng = np.random.default_rng(4)
    probs = rng.integers(0, 4, (60, 9)).astype(np.float32)
    probs[5], probs[6, ::2] = np.nan, np.nan
    judgement = judge_scores(
        score_table([ClassScores(row) for row in probs], np.zeros(60, np.int64), 9), list("abcdefghi")
    )
    assert judgement.columns["top"].tolist() == np.argsort(-probs, axis=1, kind="stable")[:, :5].tolist()


def test_that_no_images_give_zeros_rather_than_an_error() -> None:
    metrics = judged(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)).metrics

    assert set(metrics.values()) == {0.0}
    assert "roc_auc_macro" not in metrics


def test_that_one_class_alone_is_always_right() -> None:
    judgement = Classification().judge([ClassScores(np.ones(1, np.float32))], [0], ["only"])

    assert judgement.metrics["accuracy"] == 1
    assert "roc_auc_macro" not in judgement.metrics


@pytest.mark.parametrize(
    "prediction",
    [
        ClassScores(np.ones(2, np.float32)),
        Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)),
    ],
)
def test_that_an_answer_that_is_no_score_for_each_class_is_the_plugins_fault(
    prediction: ClassScores | Detections,
) -> None:
    with pytest.raises(PluginError, match="data set of 3 classes"):
        Classification().judge([prediction], [0], NAMES)


def batch_of(targets: list[int], indices: list[int]) -> Batch:
    return Batch(
        torch.zeros((len(targets), 1, 1, 3), dtype=torch.uint8), torch.tensor(targets), torch.tensor(indices)
    )


def test_that_batches_gathered_from_logits_are_judged_like_the_whole() -> None:
    logits = torch.from_numpy(np.log(PROBS)) + torch.tensor([[3.0], [-2.0], [0.0], [7.0]])
    collector = ScoreCollector(NAMES, capacity=10)
    for part in (slice(0, 3), slice(3, 4)):
        batch = batch_of(TARGETS[part].tolist(), [10, 11, 12, 13][part])
        loss = torch.nn.functional.cross_entropy(logits[part], batch.targets)
        collector.add_outputs(logits[part], loss, batch)

    judgement = collector.judgement()

    assert judgement.metrics == pytest.approx(judged().metrics, rel=1e-5)
    assert judgement.columns["item"].tolist() == [10, 11, 12, 13]
    np.testing.assert_allclose(np.asarray(judgement.columns["scores"], np.float64), PROBS, rtol=1e-5)


def test_that_the_models_own_loss_is_averaged_over_images_not_batches() -> None:
    collector = ScoreCollector(NAMES, capacity=4)
    collector.add_outputs(torch.zeros(3, 3), torch.tensor(1.0), batch_of([0, 1, 2], [0, 1, 2]))
    collector.add_outputs(torch.zeros(1, 3), torch.tensor(5.0), batch_of([0], [3]))

    assert collector.judgement().metrics["loss"] == pytest.approx((3 * 1.0 + 5.0) / 4)


def test_that_finished_predictions_are_gathered_too() -> None:
    collector = ScoreCollector(NAMES, capacity=4)
    collector.add_predictions([ClassScores(row) for row in PROBS], batch_of(TARGETS.tolist(), [0, 1, 2, 3]))

    assert collector.judgement().metrics == pytest.approx(judged().metrics)


def test_that_an_evaluation_of_nothing_can_be_judged() -> None:
    assert ScoreCollector(NAMES, capacity=0).judgement().metrics["accuracy"] == 0


def test_that_a_network_of_another_width_is_the_plugins_fault() -> None:
    with pytest.raises(PluginError, match=r"shape \(1, 4\) for 3 classes"):
        ScoreCollector(NAMES, 1).add_outputs(torch.zeros(1, 4), torch.tensor(0.0), batch_of([0], [0]))


def test_that_an_unknown_task_names_those_there_are() -> None:
    with pytest.raises(Exception, match="classification"):
        task_named("clasification")
