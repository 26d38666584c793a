"""The sentences of a host's test: each finding as ok, a warning or a failure, and what to do about it."""

from __future__ import annotations

from typing import Final

from engine.errors import UserError
from engine.executors.ssh.preparation import CPU_BYTES, CUDA_BYTES
from engine.executors.ssh.probing import DiskFacts, NetworkFacts, Probe, SleepFacts
from engine.executors.ssh.torch_build import choose_builds
from engine.protocol.hosts import EnvironmentFacts, HostCheck, HostRecord

CLOCK_WARNING_S: Final = 60.0
CLOCK_FAILED_S: Final = 900.0
SLOW_BYTES_PER_S: Final = 0.5e6
LITTLE_DISK_BYTES: Final = 2 << 30
"""Less is soon filled with checkpoints."""
FEW_FILES: Final = 100_000


def failed(name: str, error: UserError) -> HostCheck:
    """A fault that was raised, as a check."""
    return HostCheck(name=name, state="failed", message=error.message, hint=error.hint, code=error.code)


def key_ok() -> HostCheck:
    return _ok("key", "The host shows the key that you have accepted.")


def login_ok(host: HostRecord) -> HostCheck:
    return _ok("login", f"It lets {host.user or 'your user'} in.")


def python_ok(version: str, path: str) -> HostCheck:
    return _ok("python", f"Python {version}, {path}.")


def folder(host: HostRecord, root: str, disk: DiskFacts) -> HostCheck:
    if disk.noexec:
        return _failed(
            "folder",
            "host_folder_noexec",
            f"Nothing may be run from {host.folder} on the host (its disk is mounted with noexec).",
            f"Give a folder on another disk: lensmith hosts edit {host.name} --folder FOLDER",
        )
    return _ok("folder", f"{root or host.folder} can be written.")


def disk(host: HostRecord, probe: Probe, environment: EnvironmentFacts) -> HostCheck:
    free, shown = probe.disk.free, f"{probe.disk.free / 1e9:.1f} GB"
    build = choose_builds(probe.gpus, probe.driver, host.torch_build).builds[0].name
    need = CPU_BYTES if build == "cpu" else CUDA_BYTES
    remedy = (
        f"Free some space there (`lensmith hosts clean {host.name} --data --environment`), or give a folder on another "
        f"disk: lensmith hosts edit {host.name} --folder FOLDER"
    )
    if environment.state in ("missing", "outdated") and not host.wheels and free < need:
        message = f"{shown} are free; preparing the host needs about {need / 1e9:.1f} GB."
        return _failed("disk", "host_disk_small", message, remedy)
    if 0 <= probe.disk.files_free < FEW_FILES:
        message = f"The disk takes only {probe.disk.files_free} more files, whatever their size."
        return _warning("disk", "host_disk_few_files", message, remedy)
    if free < LITTLE_DISK_BYTES:
        return _warning(
            "disk", "host_disk_small", f"Only {shown} are free, which checkpoints soon fill.", remedy
        )
    return _ok("disk", f"{shown} are free.")


def gpu(host: HostRecord, probe: Probe) -> HostCheck:
    if probe.smi_fault:
        return _failed(
            "gpu",
            "host_gpu_driver",
            f"There is an NVIDIA driver, but it does not work: {probe.smi_fault}",
            "Ask the host's owner to start it anew, or to install the driver again, which often helps after an update.",
        )
    if not probe.gpus:
        return _warning(
            "gpu",
            "host_without_gpu",
            "There is no NVIDIA GPU: trainings run on the processor there.",
            "If there should be one, install NVIDIA's driver on the host.",
        )
    names = ", ".join(f"{one.name} ({one.memory_bytes / 1e9:.0f} GB)" for one in probe.gpus)
    choice = choose_builds(probe.gpus, probe.driver, host.torch_build)
    if choice.advice:
        return _warning("gpu", "host_gpu_driver_old", f"{names}. {choice.reason}", choice.advice)
    return _ok("gpu", f"{names}, driver {probe.driver}.")


def clock(offset_s: float) -> HostCheck:
    away = abs(offset_s)
    direction = "ahead of" if offset_s > 0 else "behind"
    shown = f"{away / 60:.0f} minutes" if away >= 120 else f"{away:.1f} s"
    message = f"Its clock is {shown} {direction} this machine's."
    remedy = (
        "Trainings there work all the same, their times are corrected. Let both machines keep their time by the "
        "network (`timedatectl set-ntp true`)."
    )
    if away > CLOCK_FAILED_S:
        return _failed("clock", "host_clock_wrong", message, remedy)
    if away > CLOCK_WARNING_S:
        return _warning("clock", "host_clock_wrong", message, remedy)
    return _ok("clock", message if away >= 1 else "Its clock agrees with this machine's.")


def speed(bytes_per_s: float, latency_s: float) -> HostCheck:
    message = f"{bytes_per_s / 1e6:.1f} MB a second get there; an answer takes {1000 * latency_s:.0f} ms."
    if bytes_per_s < SLOW_BYTES_PER_S:
        remedy = "Datasets take long to send, each once. A cable or a nearer network helps."
        return _warning("speed", "host_line_slow", message, remedy)
    return _ok("speed", message)


def sleep(host: HostRecord, facts: SleepFacts) -> HostCheck:
    if facts.kills_at_logout:
        return _warning(
            "sleep",
            "host_kills_at_logout",
            "The host ends all processes of a user who logs out, also a training under way.",
            f"Once, on the host: loginctl enable-linger {host.user or '$USER'}",
        )
    if facts.idle_action:
        return _warning(
            "sleep",
            "host_sleeps",
            f"The host is set to {facts.idle_action} when nobody uses it, which halts a training.",
            "Set IdleAction=ignore in /etc/systemd/logind.conf there.",
        )
    if facts.battery:
        return _warning(
            "sleep",
            "host_sleeps",
            "The host has a battery, so it may go to sleep in the middle of a training.",
            "Switch off its sleep in the system's settings, and leave it plugged in.",
        )
    return _ok("sleep", "Trainings go on when nobody is logged in.")


def network_not_needed(host: HostRecord) -> HostCheck:
    why = "an environment of your own is named" if host.environment else "the wheels are sent along"
    return _ok("network", f"It needs no internet: {why}.")


def network(host: HostRecord, told: NetworkFacts, *, is_ready: bool) -> HostCheck:
    if told.pip:
        note = "" if told.answers else " PyTorch's own does not answer: torch is taken from the host's."
        return _ok("network", f"It reaches its package index.{note}")
    if told.pip is None and told.answers:
        return _ok("network", "It reaches the package index of PyTorch.")
    message = "It does not reach a package index." + (f" {told.said}" if told.said else "")
    remedy = (
        "Connect it, or set its proxy or mirror in pip's own settings there. Without internet, fill a folder here "
        f"(`lensmith hosts wheels {host.name} FOLDER`) and send it along: "
        f"lensmith hosts edit {host.name} --wheels FOLDER"
    )
    if is_ready:
        return _warning("network", "host_offline", message, remedy)
    return _failed("network", "host_offline", message, remedy)


def environment(host: HostRecord, facts: EnvironmentFacts, *, has_gpu: bool) -> HostCheck:
    prepare = f"Prepare it: lensmith hosts prepare {host.name}"
    if facts.state == "missing":
        message = "There is no environment for training yet."
        return _warning(
            "environment", "host_not_prepared", message, f"{prepare} (a training does it by itself)."
        )
    if facts.state == "outdated":
        message = f"The environment was made for Lensmith {facts.engine}, another version than this."
        return _warning(
            "environment", "host_not_prepared", message, f"{prepare} (a training does it by itself)."
        )
    if has_gpu and facts.device_ok is False:
        return _failed(
            "environment",
            "host_gpu_unusable",
            f"torch {facts.torch} does not reach the GPU there, so that trainings would run on the processor.",
            f"Update NVIDIA's driver there, or try another build: lensmith hosts edit {host.name} --torch cu126; "
            f"then lensmith hosts prepare {host.name} --again",
        )
    kind = "Your own environment" if facts.state == "own" else "An environment is ready"
    return _ok("environment", f"{kind}: torch {facts.torch} ({facts.torch_build}), Lensmith {facts.engine}.")


def _ok(name: str, message: str) -> HostCheck:
    return HostCheck(name=name, state="ok", message=message)


def _warning(name: str, code: str, message: str, hint: str) -> HostCheck:
    return HostCheck(name=name, state="warning", message=message, hint=hint, code=code)


def _failed(name: str, code: str, message: str, hint: str) -> HostCheck:
    return HostCheck(name=name, state="failed", message=message, hint=hint, code=code)
