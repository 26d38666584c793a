"""The formats that the engine can export to, and whether their packages are there where the engine runs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from engine.config.export import ExportConfig
from engine.config.features import FeatureStatus, feature_status
from engine.config.schema import ConfigSchema
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment, engine_interpreter

_ASK_S = 60.0
_QUESTION = (
    "import json, sys; from engine.config.features import feature_status; "
    "s = {n: feature_status(n) for n in sys.argv[1:]}; "
    "print(json.dumps({n: [v.available, v.reason, v.install] for n, v in s.items()}))"
)


@dataclass(frozen=True, slots=True)
class Format:
    """One format of deployment files."""

    key: str
    """As the engine takes it."""
    title: str
    sentence: str
    """Where such a file runs."""
    features: tuple[str, ...]
    """All of them needed, see `engine.config.features`."""
    schema: ConfigSchema
    """What can be set about it."""


@dataclass(frozen=True, slots=True)
class FormatOffer:
    """A format, and whether it works here."""

    format: Format
    status: FeatureStatus


FORMATS: tuple[Format, ...] = (
    Format(
        key="onnx",
        title="ONNX",
        sentence="Runs with ONNX Runtime on every system, in Python, C++, C#, Java and in browsers.",
        features=("onnx_export", "onnx_check"),
        schema=ConfigSchema.from_pydantic(ExportConfig),
    ),
)


def format_offers(home: Home) -> list[FormatOffer]:
    """Look which formats work. May start the engine's Python: never in the GUI's thread."""
    names = sorted({feature for entry in FORMATS for feature in entry.features})
    found = _statuses(engine_interpreter(home), names)
    return [FormatOffer(entry, _first_missing(entry, found)) for entry in FORMATS]


def _first_missing(entry: Format, found: dict[str, FeatureStatus]) -> FeatureStatus:
    missing = [found[name] for name in entry.features if not found[name].available]
    return missing[0] if missing else FeatureStatus(available=True)


def _statuses(interpreter: str, names: list[str]) -> dict[str, FeatureStatus]:
    """The window may live in another environment than the engine: what counts is what the engine has."""
    if interpreter == sys.executable:
        return {name: feature_status(name) for name in names}
    command = [interpreter, "-P", "-X", "utf8", "-c", _QUESTION, *names]
    try:
        ended = subprocess.run(
            command, env=child_environment(), capture_output=True, text=True, timeout=_ASK_S, check=True
        )
        told = json.loads(ended.stdout)
        return {name: FeatureStatus(*told[name]) for name in names}
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        reason = (
            f"The Python of the engine, {interpreter}, does not answer. Choose another one under Settings."
        )
        return {name: FeatureStatus(available=False, reason=reason) for name in names}
