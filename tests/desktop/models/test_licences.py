from __future__ import annotations

from pathlib import Path

import pytest

from desktop.models.licences import FONTS, PARTS, Part
from desktop.theme.fonts import licence_text


@pytest.mark.parametrize("part", [part for part in PARTS if part.package], ids=lambda part: part.name)
def test_that_a_licence_is_the_one_that_the_documentation_names(part: Part, repository: Path) -> None:
    text = (repository / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]

    named = [
        row[3].strip() for row in rows if part.package.lower() in row[1].lower().replace(",", " ").split()
    ]
    assert named == [part.licence]


@pytest.mark.parametrize("package", FONTS.values())
def test_that_the_whole_licence_of_a_font_is_there(package: str) -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence_text(package)
