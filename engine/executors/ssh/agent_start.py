"""How an agent comes to life: a few lines of shell that find a Python, take the agent in if need be, and become it."""

from __future__ import annotations

import contextlib

import paramiko

from engine.errors import RemoteError
from engine.executors.ssh.agent.words import MAGIC
from engine.executors.ssh.plain_text import plain
from engine.protocol.hosts import HostRecord

MARK = b"LENSMITH "
MOST_CHATTER = 256 * 1024
"""What a host's login files may print before our first word."""
START_SCRIPT = r"""
root=$1 file=$2 size=$3 python=$4
case "$root" in "~") root=$HOME ;; "~/"*) root=$HOME/${root#"~/"} ;; esac
umask 077
fits() { "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; }
found=
if [ -n "$python" ]; then
  fits "$python" && found=$python
else
  PATH=$PATH:$HOME/.local/bin:/usr/local/bin:$HOME/miniconda3/bin:$HOME/miniforge3/bin:/opt/conda/bin
  for name in python3 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null 2>&1 && fits "$name"; then found=$name; break; fi
  done
fi
[ -n "$found" ] || { echo "LENSMITH nopython"; exit 0; }
mkdir -p "$root/agent" 2>/dev/null || { echo "LENSMITH nowrite $root"; exit 0; }
target=$root/agent/$file.pyz
if [ "$(wc -c < "$target" 2>/dev/null)" -eq "$size" ] 2>/dev/null; then
  echo "LENSMITH have"
else
  echo "LENSMITH need"
  { head -c "$size" > "$target.$$" && mv -f "$target.$$" "$target"; } 2>/dev/null ||
    { echo "LENSMITH nowrite $root"; exit 0; }
fi
exec "$found" -I "$target" serve "$root"
"""


def read_start(channel: paramiko.Channel, host: HostRecord, archive: bytes) -> bytes:
    """Follow the script until the agent speaks; give what was read beyond its first word.

    Raises:
        RemoteError: `host_without_python`, `host_not_writable`, `host_shell_failed`.
        OSError: the connection broke.
    """
    data = b""
    sent = False
    while True:
        place = data.find(MAGIC)
        if place >= 0:
            return data[place + len(MAGIC) :]
        for line in data.split(b"\n")[:-1]:
            if not line.startswith(MARK):
                continue
            word, _, rest = line[len(MARK) :].partition(b" ")
            if word == b"need" and not sent:
                channel.sendall(archive)
                sent = True
            elif word in (b"nopython", b"nowrite"):
                raise _refused(word, plain(rest.decode("utf-8", "replace")), host)
        new = channel.recv(1 << 16)
        if not new or len(data) > MOST_CHATTER:
            raise _no_shell(channel, host, data)
        data += new


def _refused(word: bytes, where: str, host: HostRecord) -> RemoteError:
    if word == b"nopython":
        named = f" under {host.python}" if host.python else ""
        return RemoteError(
            "host_without_python",
            f"{host.name} has no Python 3{named} that Lensmith can use.",
            "Install Python 3.11 or newer there (`apt install python3 python3-venv`, or conda without root), or name "
            f"one: lensmith hosts edit {host.name} --python PATH",
        )
    return RemoteError(
        "host_not_writable",
        f"{host.name}: the folder {where} cannot be written.",
        f"Make it writable, or give another one: lensmith hosts edit {host.name} --folder FOLDER",
    )


def _no_shell(channel: paramiko.Channel, host: HostRecord, said: bytes) -> RemoteError:
    channel.settimeout(1.0)
    with contextlib.suppress(OSError):
        said += channel.recv_stderr(4096)
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return RemoteError(
        "host_shell_failed",
        f"{host.name} lets you in, but no command can be run there"
        + (f" ({plain(lines[-1], 200)})." if lines else "."),
        "Lensmith needs a login with an ordinary shell; one for file transfer only does not do.",
    )
