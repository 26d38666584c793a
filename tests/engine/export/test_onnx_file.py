import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from engine.errors import UserError
from engine.export.onnx_file import Deployment, export_onnx
from engine.export.verification import probing_inputs, verify_onnx


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 4),
    ).eval()


DEPLOYMENT = Deployment(("a", "b", "c", "d"), (3, 16, 16), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def test_that_the_file_takes_plain_pixels_and_gives_the_probabilities_of_the_network(tmp_path):
    path = tmp_path / "model.onnx"
    result = export_onnx(network(), path, DEPLOYMENT)
    pixels = np.random.default_rng(1).uniform(0, 255, (3, 3, 16, 16)).astype(np.float32)
    given = onnxruntime.InferenceSession(str(path)).run(None, {"images": pixels})[0]
    given = np.asarray(given)
    normalised = (torch.from_numpy(pixels) / 255 - 0.5) / 0.25
    expected = torch.softmax(network()(normalised), 1).detach().numpy()
    np.testing.assert_allclose(given, expected, atol=1e-5)
    assert result.verified
    assert result.max_error < 1e-4
    assert json.loads(path.with_suffix(".json").read_text())["class_names"] == ["a", "b", "c", "d"]


def test_that_a_file_of_other_weights_is_not_called_verified(tmp_path):
    path = tmp_path / "model.onnx"
    export_onnx(network(0), path, Deployment(**{**_fields(), "include_preprocessing": False}))
    inputs = probing_inputs((3, 16, 16)) / 127.5 - 1
    with_softmax = nn.Sequential(network(1), nn.Softmax(dim=1)).eval()
    assert not verify_onnx(path, with_softmax, inputs).verified


def test_that_a_model_blind_to_its_input_is_refused_instead_of_called_verified(tmp_path):
    blind = network()
    assert isinstance(blind, nn.Sequential)
    nn.init.zeros_(blind[-1].get_parameter("weight"))
    with pytest.raises(UserError, match="same output"):
        export_onnx(blind, tmp_path / "model.onnx", DEPLOYMENT)


def test_that_the_file_itself_says_what_a_program_must_know(tmp_path):
    path = tmp_path / "with space" / "model.onnx"
    export_onnx(network(), path, DEPLOYMENT)

    session = onnxruntime.InferenceSession(str(path))
    facts = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    assert facts == json.loads(path.with_suffix(".json").read_text())
    assert facts["class_names"] == ["a", "b", "c", "d"]
    assert (facts["mean"], facts["std"]) == ([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])
    assert session.get_inputs()[0].shape[1:] == [3, 16, 16]


@pytest.mark.parametrize("opset", [17, 21])
def test_that_normalised_values_in_and_scores_out_can_be_had_in_every_opset_offered(tmp_path, opset):
    plain = Deployment(**{**_fields(), "include_preprocessing": False, "include_postprocessing": False})
    path = tmp_path / "model.onnx"
    result = export_onnx(network(), path, plain, opset)

    values = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    given = onnxruntime.InferenceSession(str(path)).run(["scores"], {"images": values.numpy()})[0]
    np.testing.assert_allclose(np.asarray(given), network()(values).detach().numpy(), atol=1e-5)
    assert result.verified
    assert {entry.version for entry in onnx.load(str(path)).opset_import if not entry.domain} == {opset}


def _fields() -> dict[str, object]:
    return {name: getattr(DEPLOYMENT, name) for name in DEPLOYMENT.__dataclass_fields__}
