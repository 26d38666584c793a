"""Taking secrets out of texts that leave this machine: by their form, by their names, and by their known values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "***"
_SHORTEST_KNOWN = 6
"""A shorter value would also be found in innocent words."""
_WORKING_FOLDERS = ("PWD", "OLDPWD")
"""A shell's names for folders, not for passwords."""
_SECRET_NAME = (
    r"passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key"
    r"|credential|authorization|cookie|webhook|signature"
)
_SECRET_WORD = re.compile(_SECRET_NAME, re.IGNORECASE)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    (re.compile(r"^[A-Za-z0-9+/=]{60,}$", re.MULTILINE), HIDDEN),
    (re.compile(r"(?<=://)[^\s\"'<>]+@"), f"{HIDDEN}@"),
    (
        re.compile(
            r"https?://(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks|[\w.-]*\.?office\.com/webhook)[^\s\"']*"
        ),
        f"https://{HIDDEN}",
    ),
    (re.compile(r"(?i)((?:authorization|cookie)\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\r\n\"'\\]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic|digest)(\s+)[A-Za-z0-9._~+/=-]{6,}"), rf"\1\2{HIDDEN}"),
    (
        re.compile(
            rf"(?i)([\w.-]*(?:{_SECRET_NAME})[\w.-]*\\?[\"']?\s*(?:[:=]|=>)\s*)"
            r"(?!\*\*\*)(\\?\"(?:[^\"\\]|\\(?!\").)*\\?\"|'[^']*'|[^\s,;&})\]]+)"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(rf"(?i)(--?[\w-]*(?:{_SECRET_NAME})[\w-]*\s+)[^\s-]\S*"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)([?&](?:sig|key|code|auth|x-amz-[\w-]+)=)[^&\s\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), HIDDEN),
    (
        re.compile(r"\b(?:hf_|gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox[abeprs]-|sk-|AIza)[\w-]{16,}"),
        HIDDEN,
    ),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+\.[\w-]*"), HIDDEN),
    (
        # An AWS secret key stands alone; a sha1, which has as many characters, is hexadecimal.
        re.compile(r"(?<![\w/+=.-])(?![0-9a-f]{40}(?![\w/+=]))[A-Za-z0-9/+]{40}(?![\w/+=.-])"),
        HIDDEN,
    ),
)
_HOMES = re.compile(r"(?:/home/|/Users/|[A-Za-z]:(?:\\\\|\\|/)Users(?:\\\\|\\|/))[^/\\\s\"':]+")


class Redactor:
    """Knows this user's secrets and home, and takes them out of texts.

    Args:
        secrets: values that are known to be secret.
        home: the user's own folder, shown as `~`.
    """

    def __init__(self, secrets: Iterable[str] = (), home: Path | None = None) -> None:
        shapes = {shape for secret in secrets for shape in _shapes(secret) if len(shape) >= _SHORTEST_KNOWN}
        self._secrets = sorted(shapes, key=len, reverse=True)
        place = str(home) if home is not None else ""
        self._homes = [place, place.replace("\\", "\\\\")] if len(place) > 1 else []

    def text(self, text: str) -> str:
        """Give a text without secrets, and with `~` for the home of any user."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for rule, instead in _RULES:
            text = rule.sub(instead, text)
        for home in self._homes:
            text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text)
        return _HOMES.sub("~", text)

    def settings(self, values: object) -> object:
        """Give settings without secrets: by the names of their keys, and by their form."""
        if isinstance(values, dict):
            found = cast("dict[str, object]", values)
            return {key: self._setting(key, value) for key, value in found.items()}
        if isinstance(values, list):
            return [self.settings(value) for value in cast("list[object]", values)]
        return self.text(values) if isinstance(values, str) else values

    def json(self, values: object) -> str:
        return json.dumps(self.settings(values), indent=1, ensure_ascii=False, default=str)

    def _setting(self, key: str, value: object) -> object:
        is_secret = isinstance(value, str) and bool(value) and _SECRET_WORD.search(key) is not None
        return HIDDEN if is_secret else self.settings(value)


def known_secrets(settings: object, environment: Mapping[str, str]) -> list[str]:
    """Collect the secret values of the settings and of the environment, so that they are found anywhere."""
    named = [
        value
        for name, value in environment.items()
        if name not in _WORKING_FOLDERS and _SECRET_WORD.search(name)
    ]
    return [*named, *_secrets_in(settings, "")]


def _secrets_in(values: object, key: str) -> list[str]:
    if isinstance(values, dict):
        found = cast("dict[str, object]", values)
        return [secret for name, value in found.items() for secret in _secrets_in(value, name)]
    if isinstance(values, list):
        return [secret for value in cast("list[object]", values) for secret in _secrets_in(value, key)]
    if not isinstance(values, str) or not values:
        return []
    if _SECRET_WORD.search(key):
        return [values]
    if "://" not in values:
        return []
    try:
        parts = urlsplit(values)
    except ValueError:
        return [values]
    return [secret for secret in (parts.password,) if secret]


def _shapes(secret: str) -> set[str]:
    """A secret as it stands in settings, in an address, and in JSON."""
    plain = unquote(secret)
    return {secret, plain, quote(plain, safe=""), json.dumps(plain)[1:-1]}
