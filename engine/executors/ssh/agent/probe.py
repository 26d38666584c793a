"""What this host is: processors, memory, disk, GPUs, Pythons, who is at work, and what may end our processes.

Nothing here needs a tool but `nvidia-smi`, whose absence means that there is no NVIDIA GPU; each look has a time-out.
"""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executors.ssh.agent import devices, processes
from engine.executors.ssh.agent.pythons import find_pythons
from engine.executors.ssh.agent.words import Agent

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Arguments, Verb

SMI_TIMEOUT_S = 20.0
SMI_FOLDERS = ("/usr/bin", "/usr/local/bin", "/usr/local/nvidia/bin", "/usr/lib/wsl/lib")
SMI_FIELDS = ("index", "name", "memory.total", "memory.free", "utilization.gpu", "driver_version")
LOGIN_CONFIGURATION = (
    "/etc/systemd/logind.conf",
    "/etc/systemd/logind.conf.d",
    "/usr/lib/systemd/logind.conf.d",
)
NO_LIMIT_BYTES = 1 << 60
"""What a control group without a limit says is about as much as this."""


def probe(agent: Agent, arguments: Arguments, payload: bytes) -> tuple[Arguments, bytes]:
    """Look at everything that takes a moment. `python` names the one to look at alone; else all are looked for."""
    told, _ = glance(agent, arguments, payload)
    told.update(
        system=_system(),
        machine=platform.machine(),
        libc=_libc(),
        user=_user(),
        cpus=_cpus(),
        pythons=find_pythons(str(arguments.get("python") or "")),
        sleep=_sleep(),
    )
    return told, b""


def glance(agent: Agent, _arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Only what changes from minute to minute: GPUs and who has them, memory, disk, load, runs at work."""
    gpus, driver, fault = _gpus()
    held = devices.holders(agent, {}, b"")[0]["holders"]
    for gpu in gpus:
        device = f"cuda:{gpu['index']}"
        gpu["holder"] = str(held.get(device, {}).get("run", ""))
    memory, free = _memory()
    told: Arguments = {
        "gpus": gpus,
        "driver": driver,
        "smi_fault": fault,
        "memory": memory,
        "memory_free": free,
        "disk": _disk(agent.root),
        "load": os.getloadavg()[0],
        "holders": held,
        "queue": len(_at_work(agent)),
    }
    return told, b""


def _gpus() -> tuple[list[Arguments], str, str]:
    """The GPUs, the driver's version, and why there are none though `nvidia-smi` is here."""
    smi = shutil.which("nvidia-smi", path=os.pathsep.join([os.environ.get("PATH", ""), *SMI_FOLDERS]))
    if smi is None:
        return [], "", ""
    lines, fault = _ask_smi(smi, [*SMI_FIELDS, "compute_cap"])
    if lines is None:
        # A driver of before 2022 knows no such field.
        lines, fault = _ask_smi(smi, list(SMI_FIELDS))
    if lines is None:
        return [], "", fault
    gpus: list[Arguments] = []
    driver = ""
    for line in lines:
        found = _gpu(line)
        if found is not None:
            driver = found.pop("driver")
            gpus.append(found)
    return gpus, driver, fault


def _ask_smi(smi: str, fields: list[str]) -> tuple[list[str] | None, str]:
    command = [smi, "--query-gpu=" + ",".join(fields), "--format=csv,noheader,nounits"]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=SMI_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return None, "nvidia-smi does not answer"
    except OSError as error:
        return None, f"nvidia-smi cannot be run: {error.strerror or error}"
    out = ended.stdout.decode("utf-8", "replace").strip().splitlines()
    if ended.returncode != 0:
        said = (ended.stderr.decode("utf-8", "replace").strip() or "\n".join(out)).splitlines()
        return None, said[-1][:300] if said else f"nvidia-smi ended with code {ended.returncode}"
    return out, ""


def _gpu(line: str) -> Arguments | None:
    """One line of `nvidia-smi`. The name alone may hold a comma, so that it is what is left between the others."""
    parts = [part.strip() for part in line.split(",")]
    has_capability = bool(parts and re.match(r"^\d+\.\d$", parts[-1])) or (len(parts) > len(SMI_FIELDS))
    behind = 5 if has_capability else 4
    if len(parts) < behind + 2 or not parts[0].isdigit():
        return None
    rest = parts[-behind:]
    return {
        "index": int(parts[0]),
        "name": ", ".join(parts[1:-behind]),
        "memory_bytes": int(_number(rest[0]) * (1 << 20)),
        "free_bytes": int(_number(rest[1]) * (1 << 20)),
        "utilisation": _number(rest[2]),
        "driver": rest[3],
        "capability": rest[4] if has_capability and re.match(r"^\d+\.\d$", rest[4]) else "",
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0  # `[N/A]`


def _system() -> str:
    name = platform.system()
    with contextlib.suppress(OSError):
        for line in Path("/etc/os-release").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("PRETTY_NAME="):
                name = line.partition("=")[2].strip().strip("\"'")
    return f"{name}, {platform.machine()}"


def _libc() -> str:
    """`glibc 2.36`; empty where the C library is another, for which there are no wheels of torch."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return ""


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _cpus() -> int:
    """Processors that we may use, also in a container with a quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()[:2]
        if quota != "max":
            count = min(count, max(1, int(int(quota) / int(period))))
    return count


def _memory() -> tuple[int, int]:
    """Bytes of memory that we may use, and what is free of it."""
    told: dict[str, int] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii", errors="replace").splitlines():
            name, _, value = line.partition(":")
            told[name] = int(value.split()[0]) * 1024 if value.split() else 0
    total = told.get("MemTotal", 0)
    free = told.get("MemAvailable", told.get("MemFree", 0))
    for limit_file, used_file in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            limit = int((Path("/sys/fs/cgroup") / limit_file).read_text(encoding="ascii"))
            if limit < min(total, NO_LIMIT_BYTES):
                used = int((Path("/sys/fs/cgroup") / used_file).read_text(encoding="ascii"))
                total, free = limit, min(free, max(0, limit - used))
    return total, free


def _disk(root: Path) -> Arguments:
    usage = os.statvfs(str(root))
    return {
        "total": usage.f_blocks * usage.f_frsize,
        "free": usage.f_bavail * usage.f_frsize,
        "files_free": usage.f_favail if usage.f_files else -1,
        "noexec": bool(usage.f_flag & os.ST_NOEXEC) if hasattr(os, "ST_NOEXEC") else False,
    }


def _at_work(agent: Agent) -> list[str]:
    """The runs whose process lives, this desktop's or another's."""
    found: set[str] = set()
    for record in (agent.root / "runs").glob("*/attempts/*/" + processes.PID_FILE):
        if processes.living(record.parent) is not None:
            found.add(record.parents[2].name)
    return sorted(found)


def _sleep() -> Arguments:
    """What may end or halt a process that nobody is logged in for."""
    said = _login_settings()
    user = _user()
    spared = said.get("KillExcludeUsers", "root").split()
    kills = said.get("KillUserProcesses", "no").lower() in ("yes", "true", "1", "on")
    lingers = (Path("/var/lib/systemd/linger") / user).exists()
    idle = said.get("IdleAction", "ignore")
    batteries = list(Path("/sys/class/power_supply").glob("BAT*"))
    return {
        "kills_at_logout": kills and not lingers and user not in spared,
        "idle_action": idle if idle in ("suspend", "hibernate", "hybrid-sleep", "poweroff") else "",
        "battery": bool(batteries),
    }


def _login_settings() -> dict[str, str]:
    """What systemd's login manager is told, the later files over the earlier."""
    said: dict[str, str] = {}
    for name in LOGIN_CONFIGURATION:
        place = Path(name)
        for path in [place] if place.is_file() else sorted(place.glob("*.conf")):
            with contextlib.suppress(OSError):
                for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                    key, equals, value = line.strip().partition("=")
                    if equals and not key.startswith("#"):
                        said[key.strip()] = value.strip()
    return said


def network(_agent: Agent, arguments: Arguments, _payload: bytes) -> tuple[Arguments, bytes]:
    """Try whether pip finds packages from here, under this host's own settings, and whether an address answers."""
    import socket
    import tempfile

    from engine.executors.ssh.agent.pythons import pip_command

    address = str(arguments.get("address") or "")
    answers = False
    if address:
        with contextlib.suppress(OSError), socket.create_connection((address, 443), timeout=6):
            answers = True
    pip = pip_command(str(arguments["python"]))
    if pip is None:
        return {"pip": None, "answers": answers, "said": ""}, b""
    with tempfile.TemporaryDirectory() as folder:
        command = [*pip, "download", "--quiet", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
        command += [
            "--no-input",
            "--retries",
            "0",
            "--timeout",
            "8",
            "--dest",
            folder,
            str(arguments["package"]),
        ]
        try:
            ended = subprocess.run(command, capture_output=True, timeout=40, check=False, cwd=folder)
        except (OSError, subprocess.TimeoutExpired) as error:
            return {"pip": False, "answers": answers, "said": type(error).__name__}, b""
    said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    return {"pip": ended.returncode == 0, "answers": answers, "said": said[-1][:300] if said else ""}, b""


VERBS: dict[str, Verb] = {"probe": probe, "glance": glance, "network": network}
