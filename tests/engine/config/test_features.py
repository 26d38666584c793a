"""Each optional package can be missing; its feature is then off, with the reason and the install line."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from engine.config.features import (
    FEATURES,
    Feature,
    feature_named,
    feature_names,
    feature_status,
    require_feature,
)
from engine.errors import UserError

HIDDEN = [pytest.param(f, m, id=f"{f.name}-{m}") for f in FEATURES for m in f.modules]


@pytest.mark.parametrize(("feature", "module"), HIDDEN)
def test_that_a_feature_is_off_with_reason_and_install_line_when_its_package_is_hidden(
    feature: Feature, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    status = feature_status(feature.name)

    assert not status.available
    assert module in status.reason
    assert feature.title in status.reason
    assert status.install == f"pip install 'lensmith[{feature.extra}]'"


@pytest.mark.parametrize(("feature", "module"), HIDDEN)
def test_that_asking_for_a_hidden_feature_is_a_user_error(
    feature: Feature, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(UserError, match=module) as raised:
        require_feature(feature.name)

    assert raised.value.code == "feature_missing"
    assert "dev.py setup" in raised.value.hint


def test_that_an_installed_feature_is_available_without_a_reason() -> None:
    status = feature_status("training")

    assert status.available
    assert (status.reason, status.install) == ("", "")


def test_that_every_feature_names_an_extra_that_the_project_declares(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert {feature.extra for feature in FEATURES} <= set(project["optional-dependencies"])


def test_that_feature_names_are_unique() -> None:
    assert len(set(feature_names())) == len(FEATURES)


def test_that_an_unknown_feature_name_is_a_bug_not_a_user_error() -> None:
    with pytest.raises(KeyError):
        feature_named("no_such_feature")


def test_that_looking_a_feature_up_imports_nothing_of_it() -> None:
    program = (
        "import sys; from engine.config.features import FEATURES, feature_status\n"
        "for f in FEATURES: feature_status(f.name)\n"
        "print(sorted(m for f in FEATURES for m in f.modules if m in sys.modules))"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"
