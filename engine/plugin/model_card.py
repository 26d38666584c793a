"""How large a model is: built and counted in a process of its own, and kept beside the catalogue.

Loads neither torch nor a plugin.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from engine.errors import PluginError, UserError
from engine.plugin.answers import exit_words, log_end, shown_part
from engine.plugin.catalogue_cache import environment_key
from engine.plugin.plugin_process import FRAMEWORKS_LIMIT_S, run_child
from engine.protocol.catalog import ModelCard, PluginEntry
from engine.protocol.home import Home
from engine.protocol.interpreter import engine_command
from engine.protocol.job import Frozen
from engine.protocol.run_folder import write_record
from engine.protocol.times import CARD_TIMEOUT_S

DEFAULT_CLASSES = 1000
"""As published numbers are counted: for ImageNet's classes."""
DEFAULT_IMAGE_SIZE = 224
_FILE_NAME = "model_cards.json"
_MOST_KEPT = 400


class _File(Frozen):
    environment: str = ""
    cards: dict[str, ModelCard] = Field(default_factory=dict[str, ModelCard])
    """By what they depend on, oldest first."""


def model_card(
    home: Home, entry: PluginEntry, config: Mapping[str, object], classes: int = DEFAULT_CLASSES
) -> ModelCard:
    """Give the card of a model; what was counted before is not counted again.

    Args:
        home: whose cache keeps it.
        entry: a described plugin.
        config: flat and resolved; where weights come from does not matter, none are loaded.
        classes: how many the network shall tell apart.

    Raises:
        PluginError: `card_failed`, or what the plugin complains about.
    """
    settings = _settings(entry, config, classes)
    key, environment = _key(entry, settings), environment_key()
    kept = _read(home, environment)
    if key in kept:
        return kept[key]
    card = _measured(entry, settings)
    newest = dict([*kept.items(), (key, card)][-_MOST_KEPT:])
    with contextlib.suppress(OSError):  # without the right to write, every call counts anew
        write_record(home.cache / _FILE_NAME, _File(environment=environment, cards=newest))
    return card


def with_supported_size(entry: PluginEntry, config: Mapping[str, object]) -> dict[str, object]:
    """Give a configuration whose image size is one of those that the author names, where any are named."""
    sizes = entry.metadata.supported_image_sizes if entry.metadata is not None else []
    fits = not sizes or config.get("image_size") in sizes
    return dict(config) if fits else {**config, "image_size": sizes[0]}


def _settings(entry: PluginEntry, config: Mapping[str, object], classes: int) -> dict[str, object]:
    settings = {"image_size": DEFAULT_IMAGE_SIZE, **config, "num_classes": classes}
    schema = entry.config_schema
    pretrained = schema.field("pretrained") if schema is not None else None
    if pretrained is not None and (pretrained.type == "bool" or "off" in (pretrained.options or [])):
        settings |= {"pretrained": False if pretrained.type == "bool" else "off", "pretrained_path": None}
    return settings


def _key(entry: PluginEntry, settings: Mapping[str, object]) -> str:
    facts = [entry.folder, entry.source_hash, entry.model, settings]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _read(home: Home, environment: str) -> dict[str, ModelCard]:
    try:
        file = _File.model_validate_json((home.cache / _FILE_NAME).read_bytes())
    except (OSError, ValidationError, UserError):
        return {}
    return dict(file.cards) if file.environment == environment else {}


def _measured(entry: PluginEntry, settings: Mapping[str, object]) -> ModelCard:
    command = engine_command(
        "measure-plugin", entry.folder, f"--model={entry.model}", f"--config={json.dumps(settings)}"
    )
    with tempfile.TemporaryDirectory(prefix="lensmith-", ignore_cleanup_errors=True) as folder:
        said, log = Path(folder) / "answer.json", Path(folder) / "log.txt"
        with said.open("wb") as output, log.open("wb") as errors:
            exit_code = run_child(command, folder, FRAMEWORKS_LIMIT_S + CARD_TIMEOUT_S, output, errors)
        if exit_code is not None:
            return _card(entry, said.read_bytes(), exit_code, log)
    raise _failed(entry, f"it took longer than {CARD_TIMEOUT_S:g} seconds")


def _card(entry: PluginEntry, said: bytes, exit_code: int, log: Path) -> ModelCard:
    try:
        document = json.loads(said)
        if "error" in document:
            told = document["error"]
            raise PluginError(str(told["code"]), str(told["message"]), str(told["hint"]))
        return ModelCard.model_validate(document["card"])
    except (ValueError, KeyError, TypeError) as error:
        text = shown_part(log_end(log.read_text(encoding="utf-8", errors="replace")))
        last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
        raise _failed(
            entry, f"the process ended with {exit_words(exit_code)}" + (f": {last}" if last else "")
        ) from error


def _failed(entry: PluginEntry, why: str) -> PluginError:
    return PluginError(
        "card_failed",
        f"The model {entry.model or entry.id} could not be counted: {why}.",
        f"See what is wrong: lensmith plugins check {entry.id}",
    )
