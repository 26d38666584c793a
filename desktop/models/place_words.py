"""Where a run is, in words: machines by name, what goes over to them and comes back, and when they were last seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from desktop.models.run_words import duration_words, size_words
from engine.protocol.events import Contact, Transfer
from engine.protocol.hosts import LOCAL, SSH_PREFIX, HostFacts, place_name

HERE: Final = "This machine"
HERE_ICON: Final = "ph.desktop"
THERE_ICON: Final = "ph.hard-drives"
_MAKERS: Final = re.compile(r"^(NVIDIA\s+)?(GeForce\s+|Quadro\s+|Tesla\s+)?", re.IGNORECASE)
_WHAT: Final = {
    "data": "the dataset",
    "run": "the plugin and the settings",
    "checkpoint": "a checkpoint",
    "results": "results",
    "environment": "the packages",
}
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def place_of(resource: str | None) -> str:
    """Give the machine of a device as the queue writes it: `ssh:box/cuda:0` is on `ssh:box`, `cuda:0` is `local`."""
    if resource is None or not resource.startswith(SSH_PREFIX):
        return LOCAL
    return resource.partition("/")[0]


def device_of(resource: str | None) -> str:
    """Give the device on its machine: `ssh:box/cuda:0` is `cuda:0`; empty where none is named."""
    if resource is None:
        return ""
    return resource.partition("/")[2] if resource.startswith(SSH_PREFIX) else resource


def devices_of(resource: str) -> list[str]:
    """Give the single devices of a lease: `ssh:box/cuda:0,cuda:1` is `ssh:box/cuda:0` and `ssh:box/cuda:1`."""
    place, several = place_of(resource), device_of(resource).split(",")
    return [f"{place}/{device}" if is_elsewhere(place) and device else device or place for device in several]


def place_label(place: str) -> str:
    """Give a machine's name as it is read."""
    return place_name(place) or HERE


def place_inside(place: str) -> str:
    """Give a machine's name inside a sentence: `this machine`, `box`."""
    return place_name(place) or HERE[:1].lower() + HERE[1:]


def place_icon(place: str) -> str:
    return THERE_ICON if is_elsewhere(place) else HERE_ICON


def is_elsewhere(place: str) -> bool:
    """Whether a place is another machine."""
    return bool(place_name(place))


def machine_label(place: str, facts: HostFacts | None) -> str:
    """Give a machine's name with its GPU where one is known: `box · RTX 4090`, `box · 2 × RTX 4090`."""
    names = gpu_names(gpu.name for gpu in facts.gpus) if facts is not None else ""
    return " · ".join(part for part in (place_label(place), names) if part)


def short_label(place: str, facts: HostFacts | None) -> str:
    """Give a machine's name with the kinds of its GPUs, for where there is little room: `box · RTX 4090`."""
    kinds = dict.fromkeys(short_gpu(gpu.name) for gpu in facts.gpus) if facts is not None else {}
    return " · ".join((place_label(place), *kinds))


def gpu_names(names: Iterable[str]) -> str:
    """Say which GPUs there are: `2 × RTX 4090, T4`; empty without one."""
    counts: dict[str, int] = {}
    for name in names:
        short = short_gpu(name)
        counts[short] = counts.get(short, 0) + 1
    return ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counts.items())


def short_gpu(name: str) -> str:
    """Leave the maker out: `NVIDIA GeForce RTX 4090` is `RTX 4090`."""
    return _MAKERS.sub("", name).strip() or name


def ago_words(seconds: float) -> str:
    """Say how long ago something was: `12 s ago`, `3 min ago`, `2 h ago`, `4 d ago`."""
    if seconds < 1:
        return "just now"
    for least, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= least:
            return f"{int(seconds // least)} {unit} ago"
    return f"{int(seconds)} s ago"


def last_seen_words(contact: Contact, now: float) -> str:
    """Say when a machine that is out of reach was last heard of: `last seen 12 s ago`."""
    return f"last seen {ago_words(now - contact.last_seen)}" if contact.last_seen > 0 else "not seen yet"


def transfer_title(transfer: Transfer) -> str:
    """Say what is on its way: `Sending the dataset to box`."""
    what = _WHAT.get(transfer.what, transfer.what)
    host = place_name(transfer.host) or transfer.host
    if transfer.direction == "home":
        return f"Bringing {what} home from {host}"
    return f"Sending {what} to {host}"


def transfer_numbers(transfer: Transfer) -> str:
    """Say how far it is, how fast, and how long still: `1.2 GB of 3.4 GB  ·  45 MB/s  ·  50 s left`."""
    done, total = transfer.done_bytes, transfer.total_bytes
    parts = [f"{size_words(done)} of {size_words(total)}" if total else size_words(done)]
    if transfer.bytes_per_s:
        parts.append(f"{size_words(transfer.bytes_per_s)}/s")
    if transfer.eta_s is not None and done < total:
        parts.append(f"{duration_words(transfer.eta_s) or '0 s'} left")
    return "  ·  ".join(parts)


def transfer_share(transfer: Transfer) -> str:
    """Say how much of it is done in a word: `36% sent`."""
    share = transfer.done_bytes / transfer.total_bytes if transfer.total_bytes else 0.0
    return f"{int(100 * share)}% {'brought home' if transfer.direction == 'home' else 'sent'}"


def is_under_way(transfer: Transfer | None) -> bool:
    return transfer is not None and transfer.done_bytes < transfer.total_bytes
