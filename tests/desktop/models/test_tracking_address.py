from __future__ import annotations

import pytest

from desktop.models.tracking_address import address_trouble, has_password, masked


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://ada:secret@host:5000/x", "https://ada:•••@host:5000/x"),
        ("https://ada:se@cr/et@host", "https://ada:•••@host"),
        ("https://ada@host", "https://ada@host"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("", ""),
    ],
)
def test_that_a_password_is_never_shown(uri: str, shown: str) -> None:
    assert masked(uri) == shown
    assert has_password(uri) is ("•••" in shown)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("host:5000", "begins with https://"),
        ("ftp://host", "begins with https://"),
        ("https://", "names no server"),
        ("https://host:99999999", "cannot be read"),
        ("https://ada:•••@other", "write the whole address again"),
    ],
)
def test_that_an_address_that_cannot_be_is_told_why(uri: str, words: str) -> None:
    assert words in address_trouble(uri)


@pytest.mark.parametrize("uri", ["", "https://host:5000", "sqlite:///a.db", "postgresql+psycopg2://u:p@h/db"])
def test_that_an_address_that_can_be_is_taken(uri: str) -> None:
    assert address_trouble(uri) == ""
