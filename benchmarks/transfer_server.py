"""An OpenSSH server of the benchmark's own on this machine, and the command that reaches it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.protocol.hosts import HostRecord

CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/key.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
"""
STARTS_WITHIN_S = 20.0


class OwnServer:
    """Runs from `with` to its end. Root or not does not matter.

    Args:
        folder: for its keys.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = int(found.getsockname()[1])

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        for name in ("host_key", "key"):
            path = str(self._folder / name)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        config = self._folder / "sshd_config"
        config.write_text(CONFIG.format(port=self.port, folder=self._folder), encoding="utf-8")
        if sys.platform != "win32" and os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        log = str(self._folder / "log")
        self._process = subprocess.Popen([program or "sshd", "-D", "-f", str(config), "-E", log])
        until = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"sshd does not start: see {log}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def ssh(self) -> list[str]:
        """The command that logs in, without what is to be run there."""
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        chosen = [word for option in (*options, "IdentitiesOnly=yes") for word in ("-o", option)]
        return ["ssh", "-F", "none", "-p", str(self.port), "-i", str(self._folder / "key"), *chosen]

    def record(self, root: Path) -> HostRecord:
        """What Lensmith knows of it; `root` is where it may write there."""
        return HostRecord(
            name="own",
            host="127.0.0.1",
            port=self.port,
            user=getpass.getuser(),
            key_file=str(self._folder / "key"),
            folder=str(root),
            python=sys.executable,
        )

    def fingerprint(self) -> str:
        shown = subprocess.run(
            ["ssh-keygen", "-lf", str(self._folder / "host_key.pub")],
            capture_output=True,
            text=True,
            check=True,
        )
        return shown.stdout.split()[1]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as made:
                return made.recv(4) == b"SSH-"
        except OSError:
            return False
