"""When a plugin can be used."""

from __future__ import annotations

import pytest

from engine.protocol.catalog import Catalogue, ModelMetadata, PluginEntry, PluginProblem

METADATA = ModelMetadata(name="Tiny", task_type="classification")


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"problems": [PluginProblem(code="c", message="m", severity="warning")]}, True),
        ({"problems": [PluginProblem(code="c", message="m")]}, False),
        ({"missing_requirements": ["kornia"]}, False),
        ({"metadata": None}, False),
    ],
)
def test_that_only_a_plugin_without_an_error_and_with_its_packages_can_be_used(
    changes: dict[str, object], usable: bool
) -> None:
    entry = PluginEntry.model_validate(
        {"id": "tiny", "folder": "plugins/tiny", "metadata": METADATA, **changes}
    )

    assert entry.is_usable is usable


def test_that_a_catalogue_survives_json() -> None:
    problem = PluginProblem(code="syntax", message="No.", file="model.py", line=3)
    catalogue = Catalogue(entries=[PluginEntry(id="a", folder="a", metadata=METADATA, problems=[problem])])

    assert Catalogue.model_validate_json(catalogue.model_dump_json()) == catalogue
