"""Whatever form a plugin's `infer` has, the engine gets a probability for each class."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.data.normalisation import TensorInput
from engine.errors import PluginError
from engine.tasks.classification.classification import Classification
from engine.tasks.classification.decode import adapt_infer, to_class_scores
from engine.tasks.predictions import ClassScores

SIZE = 8
INPUT = TensorInput(image_size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]])
PROBS = torch.softmax(LOGITS, dim=1)


def images(count: int = 2) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (20 + index, 31, 3)).astype(np.uint8) for index in range(count)]


def of_tensors(answer: object) -> object:
    """An `infer` of the form that takes a tensor, as a network does."""

    def infer(batch: Tensor) -> object:
        torch.nn.functional.avg_pool2d(batch, 2)
        return answer

    return infer


def probabilities(scores: object) -> np.ndarray:
    return np.stack([one.probs for one in scores])  # type: ignore[attr-defined]  # ClassScores


@pytest.mark.parametrize(
    "answer",
    [
        LOGITS,
        PROBS,
        LOGITS.numpy(),
        PROBS.numpy(),
        {"logits": LOGITS},
        {"probs": PROBS, "features": torch.zeros(2, 9)},
        list(LOGITS),
        LOGITS.half().requires_grad_(),
        [ClassScores(row.numpy()) for row in PROBS],
    ],
    ids=["logits", "probs", "array", "array probs", "dict", "dict probs", "list", "half", "ClassScores"],
)
@pytest.mark.parametrize("form", ["list", "tensor"])
def test_that_every_accepted_answer_becomes_the_same_probabilities(answer: object, form: str) -> None:
    infer = of_tensors(answer) if form == "tensor" else lambda _images: answer

    found = adapt_infer(infer, INPUT)(images())  # type: ignore[arg-type]  # a function

    np.testing.assert_allclose(probabilities(found), PROBS.numpy(), atol=2e-3)
    assert probabilities(found).dtype == np.float32


def test_that_a_plugin_that_takes_images_gets_them_untouched() -> None:
    seen: list[np.ndarray] = []

    def infer(given: list[np.ndarray]) -> list[ClassScores]:
        seen.extend(given)
        return [ClassScores(np.array([1.0, 0.0], np.float32)) for _ in given]

    Classification().adapt_infer(infer, INPUT)(images())

    assert all(np.array_equal(one, two) for one, two in zip(seen, images(), strict=True))


def test_that_a_plugin_that_takes_a_tensor_gets_what_validation_gives() -> None:
    seen: list[Tensor] = []

    def infer(batch: Tensor) -> Tensor:
        seen.append(batch.float())
        return torch.zeros(batch.shape[0], 2)

    adapt_infer(infer, INPUT)(images())

    assert seen[0].shape == (2, 3, SIZE, SIZE)
    assert torch.equal(seen[0], INPUT(images()))


@pytest.mark.parametrize("refusal", [TypeError, AttributeError, ValueError, AssertionError, KeyError])
def test_that_the_form_is_found_out_once(refusal: type[Exception]) -> None:
    calls: list[str] = []

    def infer(batch: object) -> Tensor:
        calls.append(type(batch).__name__)
        if not isinstance(batch, Tensor):
            raise refusal("a tensor, please")
        return LOGITS

    adapted = adapt_infer(infer, INPUT)
    adapted(images())
    adapted(images())

    assert calls == ["list", "Tensor", "Tensor"]


def test_that_no_gradient_is_kept() -> None:
    weight = torch.ones(3, requires_grad=True)
    enabled: list[bool] = []

    def infer(batch: list[np.ndarray]) -> Tensor:
        enabled.append(torch.is_grad_enabled())
        return LOGITS * weight

    adapted = adapt_infer(infer, INPUT)
    adapted(images())
    adapted(images())

    assert enabled == [False, False]


def test_that_one_image_may_be_answered_by_one_row_or_one_record() -> None:
    for answer in (LOGITS[0], ClassScores(PROBS[0].numpy())):
        found = adapt_infer(lambda _images, answer=answer: answer, INPUT)(images(1))
        np.testing.assert_allclose(probabilities(found), PROBS[:1].numpy(), atol=1e-5)


def test_that_no_images_are_not_asked_about() -> None:
    assert list(adapt_infer(lambda _images: pytest.fail("asked"), INPUT)([])) == []


@pytest.mark.parametrize(
    "answer",
    ["cat", None, 3, [], torch.zeros(2, 3, 4), {"boxes": LOGITS}, LOGITS[:1], torch.zeros(0, 3)],
    ids=["text", "none", "number", "empty", "maps", "dict", "too few", "nothing"],
)
def test_that_another_answer_is_the_plugins_fault(answer: object) -> None:
    with pytest.raises(PluginError) as caught:
        adapt_infer(lambda _images: answer, INPUT)(images())
    assert caught.value.code == "infer_answer"
    assert caught.value.hint


def test_that_a_plugin_that_takes_neither_form_hears_both_reasons() -> None:
    def infer(batch: object) -> None:
        raise ValueError(f"not a {type(batch).__name__}")

    with pytest.raises(PluginError, match=r"not a list.*not a Tensor") as caught:
        adapt_infer(infer, INPUT)(images())
    assert caught.value.code == "infer_failed"


def test_that_scores_of_logits_are_their_softmax() -> None:
    found = to_class_scores(LOGITS.clone().requires_grad_())

    np.testing.assert_allclose(probabilities(found), PROBS.numpy(), rtol=1e-6)
    assert (found[1].best, found[1].confidence) == (1, pytest.approx(float(PROBS[1].max())))
