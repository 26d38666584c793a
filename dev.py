"""Set up, run and test Lensmith from a checkout: standard library only, Linux and Windows.

python3 dev.py run      the window
python3 dev.py demo     make a small data set, train on it and print the result
python3 dev.py test     format, lint, types, layers, tests; more arguments go to pytest
python3 dev.py setup    install everything that installs on this machine
python3 dev.py bench    the benchmarks
python3 dev.py screenshots --out DIR    pictures of every page and state of the real window
python3 dev.py docs     write docs/cli.md from the command line's parser
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
IS_WINDOWS = os.name == "nt"
OLDEST_PYTHON = (3, 11)

# First and alone: pip then takes the build of torch that everything else was proven with.
TORCH = ("torch==2.14.1", "torchvision==0.29.1")
REQUIRED = "-e .[desktop,engine,export,remote,dev]"
# pip would also bring opencv-python, whose files are those of opencv-python-headless.
NOT_WITH_ULTRALYTICS = "opencv-python"
WRITE_DOCS = (
    "from engine.cli import build_parser; from engine.verbs.reference import write; write(build_parser())"
)
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as check; check(['--no-logo'])"
TELLING = re.compile(
    r"(?i)\b(failed|cannot|could not|no matching|no space|not reachable|requires|conflict)\b"
)
NOISE = re.compile(r"WARNING|note:|hint:|File |raise |×|╰|error: subprocess|error: metadata|pip install|\^")
MOST_REASONS = 6
BASIC, FULL = "basic", "full"

# What Qt's offscreen and xcb platforms link to.
XCB_0 = ("cursor", "glx", "image", "randr", "render", "render-util", "shape", "shm", "xfixes")
XCB = ("icccm.so.4", "keysyms.so.1", "sync.so.1", "util.so.1", "xkb.so.1", *(f"{x}.so.0" for x in XCB_0))
QT_LIBRARIES = (
    *("libEGL.so.1", "libGL.so.1", "libGLX.so.0", "libfontconfig.so.1", "libfreetype.so.6"),
    *("libdbus-1.so.3", "libglib-2.0.so.0", "libxkbcommon.so.0", "libxkbcommon-x11.so.0"),
    *("libX11.so.6", "libX11-xcb.so.1", "libxcb.so.1", *(f"libxcb-{part}" for part in XCB)),
)
# What shows a window where there is no screen: (program, Debian package).
SCREEN_TOOLS = (("Xvfb", "xvfb"), ("xauth", "xauth"), ("xdotool", "xdotool"), ("openbox", "openbox"))
# The other machine of the tests is an SSH server of their own on this one.
TEST_TOOLS = (*SCREEN_TOOLS, ("sshd", "openssh-server"), ("ssh-keygen", "openssh-client"), ("rsync", "rsync"))
# Where Debian keeps servers, which is not on everybody's path.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


class SetupError(Exception):
    """Something on this machine stops us; the text says what and what to do."""


@dataclass(frozen=True)
class Stage:
    """One part of `dev.py test`: its name and its command."""

    name: str
    command: list[str]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("run", help="open the window")
    verbs.add_parser("demo", help="train on a generated data set and print the result")
    test = verbs.add_parser("test", help="run every check; more arguments go to pytest")
    test.add_argument("--only", metavar="STAGE", help=f"one stage: {', '.join(s.name for s in stages(()))}")
    verbs.add_parser("setup", help="install everything that installs on this machine")
    verbs.add_parser("bench", help="run the benchmarks")
    verbs.add_parser("docs", help="write docs/cli.md")
    verbs.add_parser("screenshots", help="picture every page and state of the window", add_help=False)
    options, rest = parser.parse_known_args(arguments)
    if rest and options.verb not in ("test", "demo", "bench", "screenshots"):
        parser.error(f"{options.verb} takes no {rest[0]}")
    actions: dict[str, Callable[[], int]] = {
        "run": run,
        "demo": lambda: prepare(BASIC) or call([python(), "-m", "engine", "demo", *rest]),
        "test": lambda: test_all(rest, options.only),
        "setup": lambda: prepare_for_screens(FULL, TEST_TOOLS),
        "bench": lambda: prepare(BASIC) or call([python(), "-m", "benchmarks", *rest]),
        "screenshots": lambda: prepare_for_screens() or call([python(), "-m", "tests.recorder", *rest]),
        "docs": lambda: prepare(BASIC) or call([python(), "-c", WRITE_DOCS]),
    }
    try:
        return actions[options.verb]()
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


# ---- verbs


def run() -> int:
    """Open the window."""
    if not has_display():
        raise SetupError(
            "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open.\n"
            f"Without one, the engine shows what it does: {command_line('demo')}"
        )
    return prepare(BASIC) or call([python(), "-m", "desktop"])


def test_all(pytest_arguments: Sequence[str], only: str | None) -> int:
    """Run every stage, also after one has failed, and sum up at the end."""
    chosen = [stage for stage in stages(pytest_arguments) if only in (None, stage.name)]
    if not chosen:
        raise SetupError(f"There is no stage {only}. There are: {', '.join(s.name for s in stages(()))}.")
    prepare_for_screens(tools=TEST_TOOLS)
    seconds: dict[str, float] = {}
    failed: list[str] = []
    for stage in chosen:
        print(f"\n== {stage.name}: {shlex.join(['python', *stage.command[1:]])}", flush=True)
        began = time.monotonic()
        if call(stage.command) != 0:
            failed.append(stage.name)
        seconds[stage.name] = time.monotonic() - began
    print()
    for name, took in seconds.items():
        print(f"{'FAILED' if name in failed else 'ok':>8}  {name} ({took:.0f} s)")
    return 1 if failed else 0


def stages(pytest_arguments: Sequence[str]) -> list[Stage]:
    """List what `dev.py test` runs, quickest first."""
    interpreter = python()

    def module(name: str, *arguments: str) -> list[str]:
        return [interpreter, "-m", name, *arguments]

    is_spread = any(word.startswith(("-n", "--numprocesses")) for word in pytest_arguments)
    spread = [] if is_spread else ["-n", "auto"]
    return [
        Stage("format", module("ruff", "format", "--check", ".")),
        Stage("lint", module("ruff", "check", ".")),
        Stage("layers", [interpreter, "-c", LINT_IMPORTS]),
        Stage("types", module("basedpyright")),
        Stage(
            "types-windows", module("basedpyright", "--project", "tests/architecture/pyright-windows.json")
        ),
        Stage("pytest", module("pytest", *spread, "--dist", "loadfile", *pytest_arguments)),
    ]


# ---- setting up


def prepare_for_screens(level: str = BASIC, tools: Sequence[tuple[str, str]] = SCREEN_TOOLS) -> int:
    """Do as `prepare`, and have what shows a window where there is no screen, or other `tools`."""
    install_system_packages(tools)
    return prepare(level)


def prepare(level: str) -> int:
    """Bring `.venv` up to what the checkout declares; quick when nothing changed. Gives 0."""
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise SetupError(f"Lensmith needs Python {oldest} or newer; this is {platform.python_version()}.")
    wanted = fingerprint()
    done = read_stamp()
    if done.get("fingerprint") == wanted and done.get("level") in (level, FULL) and Path(python()).exists():
        if level == FULL:
            report(done)
        return 0
    began = time.monotonic()
    stamp_path().unlink(missing_ok=True)
    install_system_packages()
    make_environment()
    pip("torch", *TORCH)
    pip("Lensmith and its packages", *shlex.split(REQUIRED))
    left_out = install_optional(level)
    stamp = {"fingerprint": wanted, "level": level, "left_out": left_out}
    stamp_path().write_text(json.dumps(stamp, indent=2), encoding="utf-8")
    print(f"Set up in {time.monotonic() - began:.0f} s.", flush=True)
    report(stamp)
    return 0


def install_optional(level: str) -> dict[str, str]:
    """Install what Lensmith also runs without. Gives name -> why it was left out."""
    steps: dict[str, Callable[[], None]] = {"ultralytics": install_ultralytics}
    if level == FULL:
        steps["tensorrt"] = lambda: pip("TensorRT", "-e", ".[tensorrt]")
    left_out: dict[str, str] = {}
    for name, step in steps.items():
        try:
            step()
        except SetupError as error:
            left_out[name] = str(error)
            print(f"{name} does not install here; Lensmith runs without it.", flush=True)
    return left_out


def install_ultralytics() -> None:
    """Install Ultralytics on the headless OpenCV that is already there, and see that cv2 still imports."""
    pip("Ultralytics", "--no-deps", "ultralytics")
    list_needs = (
        "from importlib.metadata import requires\n"
        "from packaging.requirements import Requirement\n"
        "for r in map(Requirement, requires('ultralytics')):\n"
        "    applies = r.marker is None or r.marker.evaluate({'extra': ''})\n"
        f"    if applies and r.name != {NOT_WITH_ULTRALYTICS!r}:\n"
        "        r.marker = None\n"
        "        print(r)\n"
    )
    needs = subprocess.run([python(), "-c", list_needs], capture_output=True, text=True, check=False)
    if needs.returncode != 0:
        raise SetupError(f"Ultralytics' requirements cannot be read: {needs.stderr.strip()[-300:]}")
    pip("what Ultralytics needs", *needs.stdout.splitlines())
    if subprocess.run([python(), "-c", "import cv2"], capture_output=True, check=False).returncode != 0:
        pip("OpenCV again", "--force-reinstall", "--no-deps", "opencv-python-headless")


def pip(what: str, *arguments: str) -> None:
    """Install with pip under our constraints, so that company mirrors and pip.conf are honoured."""
    print(f"Installing {what} …", flush=True)
    command = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["-c", str(ROOT / "constraints.txt"), *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(), text=True, stderr=subprocess.PIPE, check=False
    )
    if ended.returncode != 0:
        log = environment_folder() / "last-failed-install.txt"
        log.write_text(ended.stderr, encoding="utf-8")
        reasons = "\n  ".join(telling_lines(ended.stderr)[:MOST_REASONS])
        raise SetupError(f"Installing {what} failed (all that pip said: {log}):\n  {reasons}")


def telling_lines(output: str) -> list[str]:
    """Pick from pip's output, which may be a traceback of hundreds of lines, those that say what is wrong."""
    lines = [line.strip().removeprefix("ERROR: ") for line in output.splitlines()]
    told = [line for line in lines if TELLING.search(line) and not NOISE.match(line)]
    return list(dict.fromkeys(told)) or lines[-MOST_REASONS:]


def make_environment() -> None:
    """Make `.venv`, or mend one that was left half made."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not apt_install([version]):
            raise SetupError(
                f"Python's venv module is missing. Install it: sudo apt-get install -y {version}\n"
                "Then run the same command again."
            )
    if call([python(), "-m", "pip", "--version"], quiet=True) == 0:
        return
    print(f"Making the environment {environment_folder()} …", flush=True)
    if call([sys.executable, "-m", "venv", "--clear", str(environment_folder())]) != 0:
        raise SetupError(f"{environment_folder()} could not be made; the lines above say why.")


def install_system_packages(tools: Sequence[tuple[str, str]] = ()) -> None:
    """See that the libraries Qt links to, and `tools`, are there: install them as root, else print the exact line."""
    if not sys.platform.startswith("linux"):
        return
    missing = [debian_package(library) for library in QT_LIBRARIES if not loads(library)]
    missing += [package for program, package in tools if not has_program(program)]
    if not missing or apt_install(missing):
        return
    print(
        f"System packages are missing here that the window or the tests need. Install them:\n"
        f"  sudo apt-get install -y --no-install-recommends {' '.join(missing)}",
        flush=True,
    )


def apt_install(packages: Sequence[str]) -> bool:
    """Install Debian packages when we may. Gives whether they are there now."""
    if sys.platform == "win32" or shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    print(f"Installing the system packages {', '.join(packages)} …", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False, stdout=subprocess.DEVNULL)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return subprocess.run(command, env=quiet, check=False, stdout=subprocess.DEVNULL).returncode == 0


def debian_package(library: str) -> str:
    """Name the package of a shared library by Debian's rule: libX11.so.6 is in libx11-6, libEGL.so.1 in libegl1."""
    name, _, version = library.lower().replace("libglib-", "libglib").partition(".so.")
    return f"{name}{'-' if name[-1].isdigit() else ''}{version}"


def has_program(name: str) -> bool:
    """Whether a program is here, also a server that only root has on the path."""
    places = [os.environ.get("PATH", os.defpath), *SERVER_FOLDERS]
    return shutil.which(name, path=os.pathsep.join(places)) is not None


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


# ---- facts


def fingerprint() -> str:
    """Hash everything that an installed environment depends on."""
    parts = [
        platform.python_version(),
        platform.machine(),
        sys.platform,
        *TORCH,
        REQUIRED,
        NOT_WITH_ULTRALYTICS,
    ]
    parts += [name for name in ("desktop", "engine") if (ROOT / name).is_dir()]
    import tomllib  # here: an older Python has none, and shall read a sentence instead

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts += [repr(declared.get(table)) for table in ("build-system", "project")]
    parts.append((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join([str(ROOT), *parts]).encode()).hexdigest()


def stamp_path() -> Path:
    return environment_folder() / "lensmith-setup.json"


def read_stamp() -> dict[str, object]:
    try:
        stamp = json.loads(stamp_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def report(stamp: dict[str, object]) -> None:
    """Say what was left out and why, so that an empty button is no riddle."""
    left_out = stamp.get("left_out")
    if isinstance(left_out, dict):
        for name, reason in left_out.items():
            print(f"Left out: {name}. {reason}", flush=True)


def environment_folder() -> Path:
    return Path(os.environ.get("LENSMITH_VENV") or ROOT / ".venv").absolute()


def python() -> str:
    """Path of the environment's interpreter, whether it exists yet or not."""
    return str(environment_folder() / ("Scripts/python.exe" if IS_WINDOWS else "bin/python"))


def environment() -> dict[str, str]:
    """What our child processes see: nothing calls out on import, everything speaks UTF-8."""
    quiet = {"NO_ALBUMENTATIONS_UPDATE": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONUTF8": "1"}
    return {**os.environ, **quiet}


def call(command: Sequence[str], quiet: bool = False) -> int:
    """Run a command in the checkout and give its exit code; one that does not exist gives 127."""
    sink = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.run(
            list(command), cwd=ROOT, env=environment(), stdout=sink, stderr=sink, check=False
        ).returncode
    except FileNotFoundError:
        return 127


def has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def command_line(verb: str) -> str:
    return f"{'py' if IS_WINDOWS else 'python3'} dev.py {verb}"


if __name__ == "__main__":
    sys.exit(main())
