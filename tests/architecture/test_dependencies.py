"""What is declared, pinned and explained agree with each other."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version


@pytest.fixture(scope="module")
def declared() -> list[Requirement]:
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for lines in lists for line in lines]


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    path = Path(__file__).resolve().parents[2] / "constraints.txt"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements}


def test_that_every_declared_package_has_a_lower_bound(declared: list[Requirement]) -> None:
    unbounded = [r.name for r in declared if not any(s.operator in (">=", "==") for s in r.specifier)]

    assert unbounded == []


def test_that_every_declared_package_is_pinned_within_its_bounds(
    declared: list[Requirement], pins: dict[str, str]
) -> None:
    outside = [
        r.name
        for r in declared
        if canonicalize_name(r.name) not in pins
        or not r.specifier.contains(Version(pins[canonicalize_name(r.name)]))
    ]

    assert outside == []


def test_that_every_declared_package_is_explained(declared: list[Requirement], repository: Path) -> None:
    explained = (repository / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()

    assert [r.name for r in declared if r.name.lower() not in explained] == []


def test_that_an_nvidia_package_is_pinned_for_linux_only(repository: Path) -> None:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    runtime = [line for line in lines if line.startswith(("nvidia-", "triton")) and "ml-py" not in line]

    assert [line for line in runtime if "sys_platform == 'linux'" not in line] == []
