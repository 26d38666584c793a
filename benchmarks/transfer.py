"""Sends files over SSH to this machine, in turn with the usual tools: how many times as long does Lensmith take?

Every way connects anew, as a user's upload does, and every round writes to a folder of its own: file systems are slow
where much was deleted a moment ago. Ours verifies every byte on both sides, which `tar` does not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figure, middle, table
from benchmarks.transfer_server import OwnServer
from engine.executors.ssh.connection import Connection
from engine.executors.ssh.download import fetch_folder
from engine.executors.ssh.packs import OutgoingFile
from engine.executors.ssh.upload import TreeEntry, build_tree, has_tree, send_files
from engine.protocol.home import Home

PROGRAMS = ("ssh", "ssh-keygen", "rsync", "tar")
SMALLEST, LARGEST = 8 << 10, 32 << 10
"""Bytes of a small file."""
FOLDERS = 10
TREE = "data/sent"


@dataclass
class Contest:
    """Seconds of two ways to do the same thing, started in turn."""

    name: str
    aim: float | None
    theirs: Callable[[Path], object]
    ours: Callable[[Path], object]
    note: str = ""
    prepare: Callable[[Path], object] = lambda _: None
    """Done before ours, not timed."""
    their_seconds: list[float] = field(default_factory=list[float])
    our_seconds: list[float] = field(default_factory=list[float])

    def run(self, place: Path) -> None:
        """One round. Which of the two is first changes from round to round."""
        turns = [(self.theirs, self.their_seconds), (self.ours, self.our_seconds)]
        for number, (way, seconds) in enumerate(turns if len(self.our_seconds) % 2 == 0 else turns[::-1]):
            target = place / f"{number}"
            target.mkdir(parents=True)
            if way is self.ours:
                self.prepare(target)
            began = time.perf_counter()
            way(target)
            seconds.append(time.perf_counter() - began)

    def figures(self) -> list[Figure]:
        theirs, ours = middle(self.their_seconds), middle(self.our_seconds)
        rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios(self.our_seconds, self.their_seconds))
        note = f"{self.note}: {ours:.2f} s and {theirs:.2f} s; by round {rounds}"
        return [Figure(self.name, ours / theirs if theirs else 0.0, "x", self.aim, note)]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours over theirs, round by round."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


class Transfers:
    """What is sent, and the ways to send it.

    Args:
        place: folder for everything.
        server: to which.
    """

    def __init__(self, place: Path, server: OwnServer) -> None:
        self._server = server
        self._home = Home(place / "home").ensure()
        self._small = place / "small"
        self._large = place / "large"
        self._small_files: list[OutgoingFile] = []
        self._large_files: list[OutgoingFile] = []

    def make_files(self, count: int, megabytes: int) -> None:
        """Write files of noise: photos do not shrink either."""
        noise = random.Random(0)
        for number in range(count):
            data = noise.randbytes(noise.randint(SMALLEST, LARGEST))
            self._small_files.append(_write(self._small / f"{number % FOLDERS}/{number:05}.jpg", [data]))
        blocks = (noise.randbytes(1 << 20) for _ in range(megabytes))
        self._large_files.append(_write(self._large / "noise.bin", blocks))

    def tar(self, target: Path) -> None:
        ssh = shlex.join([*self._server.ssh(), "127.0.0.1", f"tar x -C {shlex.quote(str(target))}"])
        command = f"tar c -C {shlex.quote(str(self._small))} . | {ssh}"
        subprocess.run(command, shell=True, check=True)

    def rsync(self, target: Path) -> None:
        self._rsync(f"{self._large}/", f"127.0.0.1:{target}/")

    def rsync_back(self, target: Path) -> None:
        self._rsync(f"127.0.0.1:{self._large}/", f"{target}/")

    def send_small(self, target: Path) -> None:
        self._send(self._small, self._small_files, target)

    def send_large(self, target: Path) -> None:
        self._send(self._large, self._large_files, target)

    def fetch_large(self, target: Path) -> None:
        with self._connection(self._large.parent) as connection:
            link = connection.start_agent()
            fetch_folder(link, self._large.name, target)
            link.close()

    def seconds_unchanged(self, root: Path) -> float:
        """How long it takes to find that all small files are there, on an open connection."""
        with self._connection(root) as connection:
            link = connection.start_agent()
            entries = _entries(self._small, self._small_files)
            send_files(link, self._small_files)
            build_tree(link, TREE, entries)
            began = time.perf_counter()
            if not has_tree(link, TREE, entries) or send_files(link, self._small_files).sent_bytes:
                raise RuntimeError("files that were sent are not there")
            seconds = time.perf_counter() - began
            link.close()
        return seconds

    def bring_agent(self, root: Path) -> None:
        """Preparing a host is not part of a transfer."""
        with self._connection(root) as connection:
            connection.start_agent().close()

    def _send(self, folder: Path, files: list[OutgoingFile], root: Path) -> None:
        with self._connection(root) as connection:
            link = connection.start_agent()
            send_files(link, files)
            build_tree(link, TREE, _entries(folder, files))
            link.close()

    def _connection(self, root: Path) -> Connection:
        return Connection(self._server.record(root), self._home, accept=self._server.fingerprint())

    def _rsync(self, source: str, target: str) -> None:
        subprocess.run(["rsync", "-a", "-e", shlex.join(self._server.ssh()), source, target], check=True)


def main(arguments: Sequence[str]) -> int:
    """Print how many times as long ours takes, beside the aim."""
    parser = argparse.ArgumentParser(prog="benchmarks.transfer", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each way (default 5)")
    parser.add_argument("--files", type=int, default=5000, help="small ones, 8 to 32 KB (default 5000)")
    parser.add_argument("--megabytes", type=int, default=500, help="of the large one (default 500)")
    parser.add_argument(
        "--folder", type=Path, help="on the disk to be written to (default: the temporary one)"
    )
    options = parser.parse_args(arguments)
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        print(f"This benchmark needs {', '.join(missing)}.", file=sys.stderr)
        return 2
    place = Path(tempfile.mkdtemp(prefix="lensmith-transfer-", dir=options.folder))
    try:
        with OwnServer(place / "server") as server:
            # Neither side shall take a key or a host from the user's own files.
            os.environ["HOME"] = str(place)
            transfers = Transfers(place, server)
            transfers.make_files(options.files, options.megabytes)
            print(table(compare(transfers, place, options.rounds)))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return 0


def compare(transfers: Transfers, place: Path, rounds: int) -> list[Figure]:
    """Run the contests in turn."""
    contests = [
        Contest(
            "small files", 1.5, transfers.tar, transfers.send_small, "tar | ssh tar", transfers.bring_agent
        ),
        Contest("large file", 1.3, transfers.rsync, transfers.send_large, "rsync", transfers.bring_agent),
        Contest("large file home", None, transfers.rsync_back, transfers.fetch_large, "rsync"),
    ]
    for number in range(rounds):
        for contest in contests:
            target = place / f"{contest.name} {number}"
            contest.run(target)
            if contest.name != "small files":  # a few large ones are soon removed, and need much room
                shutil.rmtree(target)
    (place / "unchanged").mkdir()
    unchanged = Figure(
        "unchanged", transfers.seconds_unchanged(place / "unchanged"), "s", None, "small files"
    )
    return [*(figure for contest in contests for figure in contest.figures()), unchanged]


def _write(path: Path, blocks: Iterable[bytes]) -> OutgoingFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
            digest.update(block)
            size += len(block)
    return OutgoingFile(path, digest.hexdigest(), size)


def _entries(folder: Path, files: Sequence[OutgoingFile]) -> list[TreeEntry]:
    return [TreeEntry(f.source.relative_to(folder).as_posix(), f.sha256, f.size) for f in files]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
