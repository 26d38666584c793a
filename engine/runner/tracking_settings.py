"""Where runs are tracked: the part `tracking` of settings.json, with its credentials kept out of every message."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit, urlunsplit

from engine.protocol.home import Home


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """One place to track in."""

    uri: str
    """Without user and password, where it is a web address."""
    user: str = ""
    password: str = ""
    local: Path | None = None
    """The folder of the local store; None for a place of the user's own."""

    @property
    def artifacts(self) -> str | None:
        """Where the artefacts of the local store lie, as a URI; None lets the server decide."""
        return (self.local / "artifacts").as_uri() if self.local is not None else None


def read_tracking_settings(home: Home) -> TrackingSettings | None:
    """Read settings.json; without one, or one that cannot be read, runs are tracked locally. None: it is off."""
    part = _part(home)
    if part.get("enabled") is False:
        return None
    uri = part.get("uri")
    if not isinstance(uri, str) or not uri.strip():
        database = (home.mlflow / "mlflow.db").as_posix()
        return TrackingSettings(f"sqlite:///{database}", local=home.mlflow)
    uri = uri.strip()
    address = urlsplit(uri)
    user, password = unquote(address.username or ""), unquote(address.password or "")
    if address.scheme in ("http", "https"):
        bare = address._replace(netloc=address.netloc.rpartition("@")[2])
        uri = urlunsplit(bare)
    return TrackingSettings(uri, user, password)


def settings_trouble(home: Home) -> str | None:
    """Say why settings.json cannot be read, as the end of a sentence; None when it can, or is not there."""
    try:
        settings: object = json.loads(home.settings_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return str(error).splitlines()[0]
    return None if isinstance(settings, dict) else "it is no JSON object"


def without_credentials(text: str, settings: TrackingSettings) -> str:
    """Take user and password out of a message, and what stands in a URI before an `@`."""
    text = re.sub(r"(?<=://)[^/@\s]+@", "***@", text)
    for secret in (settings.password, settings.user):
        if secret:
            text = text.replace(secret, "***")
    return text


def _part(home: Home) -> dict[str, object]:
    try:
        settings: object = json.loads(home.settings_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(settings, dict):
        return {}
    part = cast("dict[str, object]", settings).get("tracking")
    return cast("dict[str, object]", part) if isinstance(part, dict) else {}
