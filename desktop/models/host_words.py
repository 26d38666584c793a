"""How another machine, what was found on it and what is wrong with it are said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop.bridge.host_state import HostKind
from desktop.models.run_table_text import when_text
from desktop.models.run_words import memory_words, plural, size_words, without_commands
from engine.protocol.hosts import EnvironmentFacts, GpuFacts, HostCheck, HostFacts, HostRecord

SSH_PORT = 22
KIND_WORDS: Mapping[HostKind, tuple[str, str]] = {
    "unknown": ("Not asked yet", "muted"),
    "checking": ("Being asked", "info"),
    "ready": ("Ready", "ok"),
    "needs_preparing": ("To be prepared", "warn"),
    "preparing": ("Being prepared", "info"),
    "unreachable": ("Not answering", "bad"),
    "needs_attention": ("Needs you", "bad"),
}
"""Word and tone of each state."""
CHECK_WORDS: Mapping[str, str] = {
    "key": "Key of the machine",
    "login": "Login",
    "python": "Python",
    "folder": "Folder",
    "disk": "Disk",
    "gpu": "GPU",
    "clock": "Clock",
    "sleep": "After the logout",
    "network": "Internet",
    "environment": "Environment",
    "speed": "Speed",
}
RESULT_WORDS: Mapping[str, str] = {"ok": "fine", "warning": "warning", "failed": "failed"}
KEPT_WORDS: Mapping[str, str] = {
    "keyring": "The passphrase is kept in the system's keyring.",
    "memory": "This system has no keyring: the passphrase is kept in memory, until nobody has asked for it "
    "for 12 hours or the computer is shut down.",
}
_REMEDIES: Mapping[str, str] = {
    "host_unreachable": "See that the machine is on, that address and port are right, and that you are in its network.",
    "host_login_refused": "See that the user is right and that your public key is in ~/.ssh/authorized_keys there: "
    "ssh-copy-id puts it there.",
    "host_passphrase_needed": "Unlock the key here, or add it to your key agent.",
    "host_passphrase_wrong": "Type it again; small and large letters differ.",
    "host_key_unknown": "Compare its key with what the machine's owner says before anything is sent.",
    "host_key_file_missing": "Choose the key's file anew.",
    "host_python_missing": "Install Python 3.11 or newer there (`apt install python3 python3-venv`, or conda without "
    "root), or name one that is not on its path under Change, Advanced.",
    "wheels_missing": "Choose the folder that `pip download` has filled.",
}
"""What to do in the window, where the engine's own words name commands."""
_IN_BRACKETS = re.compile(r" \(`lensmith [^`]*`\)")
_COMMAND_AT_END = re.compile(
    r"(?::| with) `?lensmith (?:hosts|runs) [^`;.]*`?(?:; then lensmith [^`;.]*)?(?:\.|$)"
)


@dataclass(frozen=True, slots=True)
class GpuLine:
    """A GPU as a card shows it.

    Attributes:
        title: its number and name.
        words: how full and how busy it is.
        percent: of its memory that is in use; None when that is not known.
        holder: which run it is taken by; empty when none of Lensmith's has it.
    """

    title: str
    words: str
    percent: float | None
    holder: str = ""


def remedy(code: str, hint: str) -> str:
    """What to do about a fault, with the window's means.

    Args:
        code: of the fault.
        hint: the engine's own words, which may name commands.
    """
    if code in _REMEDIES:
        return _REMEDIES[code]
    bare = _COMMAND_AT_END.sub(".", _IN_BRACKETS.sub("", without_commands(hint)))
    return re.sub(r"\.{2,}$", ".", bare)


def address_words(host: HostRecord) -> str:
    """`ada@box.local:2222`; user and port only where they were given."""
    user = f"{host.user}@" if host.user else ""
    port = f":{host.port}" if host.port != SSH_PORT else ""
    return f"{user}{host.host}{port}"


def known_name(host: HostRecord) -> str:
    """How OpenSSH's lists of known keys name a machine: `box.local`, `[box.local]:2222`."""
    return host.host if host.port == SSH_PORT else f"[{host.host}]:{host.port}"


def key_words(host: HostRecord) -> str:
    """With which key one logs in."""
    return host.key_file or "Key agent or the usual files"


def gpu_lines(facts: HostFacts) -> list[GpuLine]:
    return [_gpu_line(gpu) for gpu in facts.gpus]


def _gpu_line(gpu: GpuFacts) -> GpuLine:
    title = f"GPU {gpu.index}: {gpu.name}"
    busy = f" · {gpu.utilisation:.0f}% busy" if gpu.utilisation else ""
    holder = f"{gpu.holder} runs on it" if gpu.holder else ""
    if not gpu.memory_bytes:
        return GpuLine(title, f"Memory not known{busy}", None, holder)
    used = max(0, gpu.memory_bytes - gpu.free_bytes)
    whole, unit = memory_words(gpu.memory_bytes)
    words = f"{used / 2**30:.1f} of {whole} {unit} in use{busy}"
    return GpuLine(title, words, 100 * used / gpu.memory_bytes, holder)


def no_gpu_words(facts: HostFacts) -> str:
    cores = f" on its {plural(facts.cpus, 'core')}" if facts.cpus else ""
    return f"No NVIDIA GPU was found: trainings run{cores}."


def facts_lines(facts: HostFacts) -> list[tuple[str, str]]:
    """What a card tells of a machine beside its GPUs: heading and value, only what is known."""
    lines = [
        ("System", facts.system),
        ("Processor", plural(facts.cpus, "core") if facts.cpus else ""),
        ("Memory", _memory(facts)),
        ("Disk", f"{size_words(facts.disk_free_bytes)} free" if facts.disk_free_bytes else ""),
        ("Python", facts.python),
        ("Environment", environment_words(facts.environment)),
        ("Speed", _speed(facts)),
        ("Runs there", plural(facts.queue, "run") + " at work" if facts.queue else ""),
    ]
    return [(heading, value) for heading, value in lines if value]


def environment_words(environment: EnvironmentFacts) -> str:
    if environment.state == "missing":
        return "Not prepared yet"
    torch = f"torch {environment.torch}" if environment.torch else ""
    is_plain = bool(torch) and "+" not in torch  # `2.14.1+cu130` names its build itself
    build = f"({environment.torch_build})" if is_plain and environment.torch_build not in ("", "auto") else ""
    size = f", {size_words(environment.bytes)}" if environment.bytes else ""
    lead = {"outdated": "Outdated", "own": "Your own", "ready": "Ready"}[environment.state]
    return ", ".join(part for part in (lead, f"{torch} {build}".strip()) if part) + size


def _memory(facts: HostFacts) -> str:
    if not facts.memory_bytes:
        return ""
    whole, unit = memory_words(facts.memory_bytes)
    free = f", {' '.join(memory_words(facts.memory_free_bytes))} free" if facts.memory_free_bytes else ""
    return f"{whole} {unit}{free}"


def _speed(facts: HostFacts) -> str:
    if not facts.upload_bytes_per_s:
        return ""
    answer = f", answers in {1000 * facts.latency_s:.2g} ms" if facts.latency_s else ""
    return f"{size_words(facts.upload_bytes_per_s)}/s{answer}"


def checked_words(facts: HostFacts | None, now: float) -> str:
    """When a machine was last asked."""
    if facts is None or not facts.checked:
        return "Never asked"
    return f"Asked {when_text(facts.checked, now)}"


def checks_summary(checks: tuple[HostCheck, ...]) -> str:
    """`9 fine, 1 warning`."""
    counts = [(state, sum(check.state == state for check in checks)) for state in RESULT_WORDS]
    words = {"ok": "fine", "failed": "failed"}
    told = [
        plural(count, "warning") if state == "warning" else f"{count} {words[state]}"
        for state, count in counts
        if count
    ]
    return ", ".join(told)


def check_title(check: HostCheck) -> str:
    return CHECK_WORDS.get(check.name, check.name.replace("_", " ").capitalize())


def removed_words(name: str, size_bytes: int) -> str:
    """Say how much came free on a machine."""
    if size_bytes <= 0:
        return f"Nothing was removed on {name}"
    return f"{size_words(size_bytes)} came free on {name}"


def kept_there_words(kept: Sequence[str]) -> str:
    """Say what was not removed and why, as the engine told it line by line."""
    return "\n".join(f"Kept: {remedy('', line)}" for line in kept)
