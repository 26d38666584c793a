from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from engine.plugin.description import describe_source
from engine.plugin.measuring import NO_NETWORK, flops_of, measure, parameters_of
from tests.engine.plugin.texts import FULL_CONTROL, plugin_text, write_plugin

CONFIG: dict[str, object] = {"image_size": 32, "num_classes": 10}


class Attended(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        tokens = patches.transpose(1, 2).unsqueeze(0)
        return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens * self.scale)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight


def test_that_shared_parameters_count_once() -> None:
    assert parameters_of(Tied()) == 16


def test_that_attention_is_counted_on_a_cpu_too() -> None:
    attention = nn.Sequential(nn.Conv2d(3, 16, 16, stride=16), nn.Flatten(2), Attended(16))

    # 4 x 4 tokens of 16 numbers: the patches, and the two products of the attention.
    assert flops_of(attention, 64) == 2 * (16 * 16 * 3 * 16 * 16) + 2 * (2 * 16 * 16 * 16)


def test_that_a_plugin_without_a_network_says_so_instead_of_guessing(tmp_path: Path) -> None:
    source = write_plugin(tmp_path / "nothing", plugin_text("nothing"))

    card = measure(source.path, "nothing", CONFIG)

    assert (card.parameters, card.flops, card.why_not) == (None, None, NO_NETWORK)


def test_that_a_plugin_with_its_own_loop_is_counted_through_its_network(tmp_path: Path) -> None:
    source = write_plugin(tmp_path / "own", FULL_CONTROL)

    answer, _models = describe_source(source)
    schema = answer.entries[0].config_schema
    assert schema is not None
    settings = {**schema.defaults(), **CONFIG}

    card = measure(source.path, "my-custom-resnet50", settings)

    assert card.parameters is not None
    assert card.parameters > 0
    assert card.flops is not None


def test_that_a_network_that_takes_other_inputs_still_tells_its_parameters(tmp_path: Path) -> None:
    text = plugin_text("odd").replace(
        "self.config = config", "from torch import nn; self.network = nn.Linear(7, 2)"
    )
    source = write_plugin(tmp_path / "odd", text)

    card = measure(source.path, "odd", CONFIG)

    assert (card.parameters, card.flops) == (16, None)
    assert "32 px" in card.why_not
