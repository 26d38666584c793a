"""A file counts as verified only when it gives what the model gives, on pictures to which the model reacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from engine.errors import UserError
from engine.export.verification import TOLERANCE, probing_inputs, verify_onnx

SHAPE = (3, 4, 4)


class Means(nn.Module):
    """Scores are the means of the channels, 0 to 255."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(2, 3))


def means_file(path: Path, *, added: float = 0.0, nan_in_batches: bool = False, opset: int = 18) -> Path:
    """The same as `Means` in ONNX, off by `added`; with `nan_in_batches` NaN for more than one picture."""
    zero = helper.make_tensor("zero", TensorProto.INT64, [1], [0])
    two = helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0])
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    offset = helper.make_tensor("offset", TensorProto.FLOAT, [1], [added])
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["means"], keepdims=0),
        helper.make_node("Add", ["means", "offset"], ["shifted"]),
        # log(2 - N): 0 for one picture, NaN for three and more.
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["count"]),
        helper.make_node("Cast", ["count"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["two", "number"], ["rest"]),
        helper.make_node("Log", ["rest"], ["trap"]),
        helper.make_node("Add", ["shifted", "trap" if nan_in_batches else "offset"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", *SHAPE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3])],
        [zero, two, axes, offset],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    onnx.save(model, str(path))
    return path


def test_that_a_file_that_gives_the_same_is_verified(tmp_path: Path) -> None:
    found = verify_onnx(means_file(tmp_path / "m.onnx"), Means(), probing_inputs(SHAPE))

    assert found.verified
    assert found.max_error < 1e-3
    assert found.sensitivity > 1


@pytest.mark.parametrize(("share", "verified"), [(0.5, True), (3.0, False)])
def test_that_an_error_is_measured_against_how_far_outputs_differ(
    tmp_path: Path, share: float, verified: bool
) -> None:
    inputs = probing_inputs(SHAPE)
    outputs = Means()(inputs)
    sensitivity = float((outputs[:, None] - outputs[None, :]).abs().max())
    # The file adds its error twice.
    path = means_file(tmp_path / "m.onnx", added=share * TOLERANCE * sensitivity / 2)

    found = verify_onnx(path, Means(), inputs)

    assert found.sensitivity == pytest.approx(sensitivity)
    assert found.max_error == pytest.approx(share * TOLERANCE * sensitivity, rel=0.01)
    assert found.verified is verified


def test_that_a_file_that_breaks_in_batches_only_is_not_verified(tmp_path: Path) -> None:
    path = means_file(tmp_path / "m.onnx", nan_in_batches=True)

    assert not verify_onnx(path, Means(), probing_inputs(SHAPE)).verified
    assert verify_onnx(path, Means(), probing_inputs(SHAPE), any_batch=False).verified


def test_that_outputs_of_another_shape_are_not_verified(tmp_path: Path) -> None:
    class Pairs(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean(dim=(2, 3))[:, :2]

    found = verify_onnx(means_file(tmp_path / "m.onnx"), Pairs(), probing_inputs(SHAPE))

    assert not found.verified
    assert np.isnan(found.max_error)


def test_that_a_file_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"no model at all")

    with pytest.raises(UserError, match="ONNX Runtime cannot run") as caught:
        verify_onnx(tmp_path / "m.onnx", Means(), probing_inputs(SHAPE))
    assert caught.value.code == "export_unrunnable"


def test_that_a_model_that_reacts_to_nothing_proves_nothing(tmp_path: Path) -> None:
    class Blind(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.ones(len(images), 3)

    with pytest.raises(UserError) as caught:
        verify_onnx(means_file(tmp_path / "m.onnx"), Blind(), probing_inputs(SHAPE))
    assert caught.value.code == "export_insensitive"


def test_that_probes_are_pixels_that_differ_in_structure_and_repeat_with_their_seed() -> None:
    probes = probing_inputs((3, 32, 48), count=4)

    assert probes.shape == (4, 3, 32, 48)
    assert 0 <= probes.min() < 40
    assert 215 < probes.max() <= 255
    assert torch.equal(probes, probing_inputs((3, 32, 48), count=4))
    assert not torch.equal(probes, probing_inputs((3, 32, 48), count=4, seed=1))
    coarse = nn.functional.avg_pool2d(probes, 8)
    assert all((coarse[a] - coarse[b]).abs().max() > 20 for a in range(4) for b in range(a))
