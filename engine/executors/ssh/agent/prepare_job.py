"""Makes one environment on this host, detached from whoever asked for it: venv, torch, our engine, self-test, ready.

The job's folder holds `spec.json` (what is wanted), `log.txt` (all that pip said), `steps.jsonl` (progress) and at the
end `result.json`. The environment counts only when `ready.json` lies beside it, which is written last.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.executors.ssh.agent.self_test import build_of, clean_environment, device_ok, run_self_test

if TYPE_CHECKING:
    from engine.executors.ssh.agent.words import Arguments

STEPS = 5
SHOWN = ("Collecting ", "Downloading ", "Installing collected packages", "Processing ", "Building wheel")
NO_SPACE = ("No space left on device", "[Errno 28]", "Disk quota exceeded", "[Errno 122]")
NO_NETWORK = (
    "Temporary failure in name resolution",
    "Name or service not known",
    "NewConnectionError",
    "ConnectTimeoutError",
    "Network is unreachable",
    "ProxyError",
    "Max retries exceeded",
    "Could not fetch URL",
    "SSLError",
    "CERTIFICATE_VERIFY_FAILED",
)
MISSING = (
    "No matching distribution found",
    "Could not find a version that satisfies",
    "ResolutionImpossible",
    "conflicting dependencies",
)
TOLD_LINES = 12
FULL_BYTES = 4 << 20
"""A disk with less is full."""


class Fault(Exception):
    """What stopped the job: a kind that the desktop has a sentence for, and the last lines of what was said."""

    def __init__(self, kind: str, said: list[str]) -> None:
        super().__init__(kind)
        self.kind = kind
        self.said = said


class Job:
    """One environment being made.

    Args:
        root: Lensmith's folder on this host.
        folder: of the environment.
        spec: python, builds, wheel, extra, links, pip_wheel, constraints, base, has_gpu, marks; or, for what a plugin
            requires on top of an environment that is there: overlay_of, requirements, links, base, has_gpu, marks.
    """

    def __init__(self, root: Path, folder: Path, spec: Arguments) -> None:
        self.root = root
        self.folder = folder
        self.spec = spec
        self.venv = folder / "venv"
        self.python = str(self.venv / "bin" / "python")
        self.done = 0
        self.said: list[str] = []

    def run(self) -> Arguments:
        """Make it, trying one build of torch after the other.

        Raises:
            Fault: what stopped it.
        """
        if self.spec.get("overlay_of"):
            return self._finish(self._overlay())
        cloned = self._clone()
        if cloned is not None:
            return self._finish(cloned)
        builds = self.spec["builds"]
        last: Fault | None = None
        for number, build in enumerate(builds):
            is_last = number == len(builds) - 1
            try:
                self._install(build)
                told = self._test()
            except Fault as fault:
                if fault.kind == "no_space" or is_last:
                    raise self._telling(last, fault) from fault
                last = last or fault
                self._note(f"The build {build['name']} of torch does not do here; the next one is tried.")
                continue
            if self.spec.get("has_gpu") and not device_ok(told) and not is_last:
                self._note(
                    f"The build {build['name']} of torch does not reach the GPU; the next one is tried."
                )
                continue
            return self._finish(told)
        raise Fault("pip", self.said[-TOLD_LINES:])

    def _telling(self, first: Fault | None, fault: Fault) -> Fault:
        """The fault that tells most: an index that is out of reach, rather than what failed on the way around it."""
        return first if first is not None and first.kind == "no_network" else fault

    def _install(self, build: Arguments) -> None:
        self._make_venv()
        self._step(1, f"Installing torch ({build['name']})")
        self._pip([*build["arguments"], *self._links()])
        self._step(2, "Installing the engine")
        engine = f"{self.root / self.spec['wheel']}[{self.spec['extra']}]"
        constraints = self.folder / "job" / "constraints.txt"
        wanted = [engine, "--prefer-binary", *self._links()]
        if not self.spec.get("constraints"):
            constraints.write_text(self._torch_pins(), encoding="utf-8")
            self._pip([*wanted, "--constraint", str(constraints)])
            return
        constraints.write_text(self._torch_pins() + self.spec["constraints"], encoding="utf-8")
        try:
            self._pip([*wanted, "--constraint", str(constraints)])
        except Fault as fault:
            if fault.kind != "missing":
                raise
            self._note("The versions that were proven together are not all to be had here; others are taken.")
            constraints.write_text(self._torch_pins(), encoding="utf-8")
            self._pip([*wanted, "--constraint", str(constraints)])

    def _torch_pins(self) -> str:
        """Keep a requirement from bringing another build of torch in."""
        program = (
            "from importlib.metadata import version\n"
            "for name in ('torch', 'torchvision'): print(name + '==' + version(name))\n"
        )
        told = subprocess.run(
            [self.python, "-I", "-c", program], env=clean_environment(), capture_output=True, check=False
        )
        return told.stdout.decode("utf-8", "replace")

    def _links(self) -> list[str]:
        links = self.spec.get("links")
        return ["--no-index", "--find-links", str(self.root / links)] if links else []

    def _make_venv(self) -> None:
        self._step(0, "Making the environment")
        shutil.rmtree(str(self.venv), ignore_errors=True)
        pip_wheel = self.spec.get("pip_wheel")
        command = [self.spec["python"], "-I", "-m", "venv", str(self.venv)]
        self._call([*command, "--without-pip"] if pip_wheel else command, "venv")
        if pip_wheel:
            wheel = str(self.root / pip_wheel)
            bring = [self.python, wheel + "/pip", "install", "--no-index", "--quiet", wheel]
            self._call(bring, "venv")

    def _clone(self) -> Arguments | None:
        """Take over, as hard links, what an environment with an older engine and all else the same holds."""
        for ready in sorted(self.folder.parent.glob("*/ready.json"), reverse=True):
            try:
                told: Arguments = json.loads(ready.read_bytes().decode("utf-8"))
                (packages,) = (ready.parent / "venv" / "lib").glob("python3*/site-packages")
            except (OSError, ValueError):
                continue
            if told.get("base") != self.spec["base"]:
                continue
            try:
                self._make_venv()
                self._step(2, "Installing the engine")
                (own,) = (self.venv / "lib").glob("python3*/site-packages")
                shutil.rmtree(str(own))
                shutil.copytree(str(packages), str(own), symlinks=True, copy_function=_link)
                self._pip(
                    ["--no-deps", "--force-reinstall", "--no-index", str(self.root / self.spec["wheel"])]
                )
                return self._test()
            except (Fault, OSError, ValueError) as error:
                self._note(f"The former environment cannot be taken over ({error}); a new one is made.")
                return None
        return None

    def _overlay(self) -> Arguments:
        """Put requirements of a plugin over an environment that stays as it is."""
        self._step(0, "Making the environment")
        below = self.folder.parent / self.spec["overlay_of"] / "venv"
        self._call(
            [str(below / "bin" / "python"), "-I", "-m", "venv", "--without-pip", str(self.venv)], "venv"
        )
        (packages,) = (below / "lib").glob("python3*/site-packages")
        (own,) = (self.venv / "lib").glob("python3*/site-packages")
        # What is below is found after what is above, pip included.
        (own / "lensmith-below.pth").write_text(str(packages) + "\n", encoding="utf-8")
        self._step(2, "Installing what the plugin requires")
        constraints = self.folder / "job" / "constraints.txt"
        constraints.write_text(self._torch_pins(), encoding="utf-8")
        self._pip([*self.spec["requirements"], *self._links(), "--constraint", str(constraints)])
        return self._test()

    def _test(self) -> Arguments:
        self._step(3, "Testing")
        told = run_self_test(self.python)
        _say(f"Self-test: {json.dumps(told)}")
        if not told["ok"]:
            raise Fault("self_test", told["said"])
        return told

    def _finish(self, told: Arguments) -> Arguments:
        self._step(4, "Finishing")
        shutil.rmtree(str(self.folder / "tmp"), ignore_errors=True)
        result: Arguments = {
            **self.spec["marks"],
            "key": self.folder.name,
            "base": self.spec["base"],
            "python": told["python"],
            "engine": told["engine"],
            "torch": told["torch"],
            "torch_build": build_of(told),
            "device_ok": device_ok(told) if self.spec.get("has_gpu") is not True else bool(device_ok(told)),
            "fault": told["fault"],
            "bytes": _size(self.venv),
            "made": time.time(),
        }
        draft = self.folder / ".ready.json"
        draft.write_text(json.dumps(result, indent=1), encoding="utf-8")
        os.replace(str(draft), str(self.folder / "ready.json"))  # noqa: PTH105
        self._step(STEPS, "Ready")
        return result

    def _pip(self, arguments: list[str]) -> None:
        command = [
            self.python,
            "-m",
            "pip",
            "install",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--no-input",
        ]
        command += ["--progress-bar", "off", "--retries", "2", "--timeout", "20", *arguments]
        self._call(command, "pip")

    def _call(self, command: list[str], kind: str) -> None:
        """Run a command, its words into the log as they come; those that tell of progress into the steps as well."""
        _say("$ " + " ".join(command))
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        self.said = []
        child = subprocess.Popen(
            command,
            env=self._environment(temporary),
            cwd=str(temporary),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert child.stdout is not None  # asked for above
        for raw in child.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            _say(line)
            self.said.append(line)
            if line.strip().startswith(SHOWN):
                self._note(line.strip()[:160])
        if child.wait() != 0:
            # Not every program says why it could not write.
            kind = "no_space" if _is_full(self.folder) else _kind("\n".join(self.said), kind)
            raise Fault(kind, self.said[-TOLD_LINES:])

    def _environment(self, temporary: Path) -> dict[str, str]:
        # Not the system's folder for temporary files, which is often too small for a wheel of torch.
        environment = dict(clean_environment(), TMPDIR=str(temporary), PIP_USER="0")
        if self.spec.get("links"):
            # The folder that was sent along alone decides, whatever else pip is told on this host.
            environment = {name: value for name, value in environment.items() if not name.startswith("PIP_")}
            environment["PIP_CONFIG_FILE"] = os.devnull
        return environment

    def _step(self, done: int, text: str) -> None:
        self.done = done
        self._note(text)

    def _note(self, text: str) -> None:
        with (self.folder / "job" / "steps.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"done": self.done, "total": STEPS, "text": text}) + "\n")


def _say(line: str) -> None:
    """Into the log, which is this process's output."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _kind(said: str, otherwise: str) -> str:
    for kind, signs in (("no_space", NO_SPACE), ("no_network", NO_NETWORK), ("missing", MISSING)):
        if any(sign in said for sign in signs):
            return kind
    return otherwise


def _is_full(folder: Path) -> bool:
    usage = os.statvfs(str(folder))
    return usage.f_bavail * usage.f_frsize < FULL_BYTES


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)
    return target


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink() and path.is_file())


def main() -> None:
    """Work in `environments/KEY/job`, the argument, and leave a result there however it ends."""
    place = Path(sys.argv[1])
    try:
        spec: Arguments = json.loads((place / "spec.json").read_bytes().decode("utf-8"))
        result = dict(Job(place.parents[2], place.parent, spec).run(), ok=True)
    except Fault as fault:
        result = {"ok": False, "kind": fault.kind, "said": fault.said}
    except OSError as error:
        result = {"ok": False, "kind": _kind(str(error), "system"), "said": [str(error)]}
    shutil.rmtree(str(place.parent / "tmp"), ignore_errors=True)
    if not result["ok"]:
        shutil.rmtree(str(place.parent / "venv"), ignore_errors=True)
    draft = place / ".result.json"
    draft.write_text(json.dumps(result), encoding="utf-8")
    os.replace(str(draft), str(place / "result.json"))  # noqa: PTH105
