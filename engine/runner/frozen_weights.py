"""Weights that a configuration names (a run, a checkpoint, a file) come into the run folder when it is enqueued.

So a queued run starts from what was chosen, and its folder can move to another machine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.errors import UserError
from engine.protocol.checkpoint import META_NAME, WEIGHTS_NAME, list_checkpoints
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store

SETTINGS = ("start_from", "pretrained_path")
"""The settings that may name weights."""
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
_PREFERRED = ("best", "last")


def freeze_weights(config: Mapping[str, object], folder: RunFolder, home: Home) -> dict[str, object]:
    """Bring the named weights into RUN/artifacts; give the configuration with relative paths in their place.

    Raises:
        UserError: `weights_unknown`.
    """
    frozen = dict(config)
    if config.get("pretrained") == "file" and not str(config.get("pretrained_path") or "").strip():
        raise UserError(
            "weights_unknown",
            "pretrained is `file`, but pretrained_path names none.",
            "Set pretrained_path to a file of weights, a run, or a checkpoint folder.",
        )
    for setting in SETTINGS:
        named = config.get(setting)
        if isinstance(named, str) and named.strip():
            source = find_weights(named.strip(), home, setting)
            target = folder.artifacts / setting / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(source, target, home)
            frozen[setting] = target.relative_to(folder.path).as_posix()
    return frozen


def find_weights(named: str, home: Home, setting: str = "start_from") -> Path:
    """Find the file of weights that a text means: a file, a checkpoint folder, a run, or RUN/CHECKPOINT.

    Raises:
        UserError: `weights_unknown`.
    """
    path = Path(os.path.expanduser(named))  # noqa: PTH111  # Path.expanduser raises for a user that is not there
    if (path / META_NAME).is_file():
        return _weights_in(path.absolute(), f"{path}")
    if path.is_file() and path.suffix in SUFFIXES:
        return path.absolute()
    run, _, checkpoint = named.partition("/")
    try:
        with Store.open(home.store_path) as store:
            folder = RunFolder(home.runs / store.run(run).run)
    except UserError as error:
        raise UserError(
            "weights_unknown",
            f"{setting} names {named!r}, which is neither a file of weights, nor a checkpoint, nor a run.",
            f"Give a run (see `lensmith runs list`), RUN/CHECKPOINT, or a file ({', '.join(SUFFIXES)}).",
        ) from error
    there = [name for name, _ in list_checkpoints(folder.checkpoints)]
    wanted = [checkpoint] if checkpoint else [name for name in _PREFERRED if name in there]
    if not wanted or wanted[0] not in there:
        raise UserError(
            "weights_unknown",
            f"{setting} names {named!r}, but run {folder.run} has no checkpoint {checkpoint or 'yet'}.",
            f"It has: {', '.join(there) or 'none'}.",
        )
    return _weights_in(folder.checkpoints / wanted[0], f"{wanted[0]} of run {folder.run}")


def _weights_in(checkpoint: Path, called: str) -> Path:
    weights = checkpoint / WEIGHTS_NAME
    if not weights.is_file():
        raise UserError(
            "weights_unknown",
            f"The checkpoint {called} was saved by its plugin and holds no {WEIGHTS_NAME}.",
            "Give a file of weights, or a run whose plugin is trained by Lensmith's own loop.",
        )
    return weights


def _link_or_copy(source: Path, target: Path, home: Home) -> None:
    """Checkpoints of runs are never written again, so a second name is enough; a file of the user's may be."""
    try:
        if not source.is_relative_to(home.runs):
            raise OSError("not ours")
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
