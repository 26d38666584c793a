"""Why a host could not be prepared, each as a sentence with the remedy, from what the job over there has left."""

from __future__ import annotations

from typing import Final

from engine.errors import RemoteError, UserError
from engine.executors.ssh.probing import Word
from engine.protocol.hosts import HostRecord
from engine.protocol.job import Frozen

SHOWN_LINES: Final = 6


class JobResult(Frozen):
    """What the job says at its end."""

    ok: bool = False
    kind: Word = ""
    """no_space, no_network, missing, venv, pip, self_test, system."""
    said: tuple[Word, ...] = ()


def fault_of(host: HostRecord, result: JobResult, need_bytes: int) -> RemoteError:
    """Say why the job failed.

    Args:
        host: where.
        result: as the job has left it.
        need_bytes: what an environment takes while it is made.
    """
    if result.kind == "no_space":
        return _no_space(host, need_bytes)
    if result.kind == "no_network":
        return _no_network(host, result)
    if result.kind == "missing":
        return _package_missing(host, result)
    if result.kind == "venv":
        return RemoteError(
            "prepare_venv_failed",
            f"{host.name}: no environment can be made from its Python. {_last(result)}",
            "On Debian and Ubuntu install `python3-venv` there, or name another Python: "
            f"lensmith hosts edit {host.name} --python PATH",
        )
    if result.kind == "self_test":
        return RemoteError(
            "prepare_self_test_failed",
            f"{host.name}: everything was installed, but does not start. {_last(result)}",
            "The lines above name what is missing, often a system library; or take another build of torch: "
            f"lensmith hosts edit {host.name} --torch cpu",
        )
    return RemoteError(
        "prepare_failed",
        f"{host.name}: preparing failed. {_last(result)}",
        f"The whole log is on the host in {host.folder}/environments. Mend what it names, then prepare again.",
    )


def too_little_space(host: HostRecord, free: int, need: int) -> RemoteError:
    """The disk of the host is too full to begin."""
    return RemoteError(
        "prepare_no_space",
        f"{host.name}: the disk of {host.folder} has {_gigabytes(free)} free; "
        f"the environment needs about {_gigabytes(need)}.",
        f"Free some space there (`lensmith hosts clean {host.name} --data --environment`), or give a folder on another "
        f"disk: lensmith hosts edit {host.name} --folder FOLDER",
    )


def cancelled_fault(host: HostRecord) -> UserError:
    """The user did not want it any more."""
    return UserError(
        "prepare_cancelled",
        f"Preparing {host.name} was cancelled; what was installed by then is removed.",
        f"Start again when you like: lensmith hosts prepare {host.name}",
    )


def job_died(host: HostRecord) -> RemoteError:
    """The job is gone without a result: killed, or the host was started anew."""
    return RemoteError(
        "prepare_died",
        f"{host.name}: preparing ended without a word: it was killed there, or the host was started anew.",
        f"Start again: lensmith hosts prepare {host.name}. If it happens again, the host may lack memory.",
    )


def _no_space(host: HostRecord, need: int) -> RemoteError:
    return RemoteError(
        "prepare_no_space",
        f"{host.name}: the disk of {host.folder} ran full; the environment needs about {_gigabytes(need)}.",
        f"Free some space there (`lensmith hosts clean {host.name} --data --environment`), or give a folder on another "
        f"disk: lensmith hosts edit {host.name} --folder FOLDER",
    )


def _no_network(host: HostRecord, result: JobResult) -> RemoteError:
    return RemoteError(
        "prepare_no_network",
        f"{host.name} reaches no package index. {_last(result)}",
        "Connect it, or set its proxy or mirror in pip's own settings there. Without internet, fill a folder here "
        f"(`lensmith hosts wheels {host.name} FOLDER`) and send it along: "
        f"lensmith hosts edit {host.name} --wheels FOLDER",
    )


def _package_missing(host: HostRecord, result: JobResult) -> RemoteError:
    place = f"The folder of wheels {host.wheels}" if host.wheels else "The package index of the host"
    remedy = (
        "Add the wheel for this Python and system to the folder"
        if host.wheels
        else "Name another Python or another build of torch with `lensmith hosts edit`"
    )
    return RemoteError(
        "prepare_package_missing",
        f"{host.name}: {place[:1].lower()}{place[1:]} lacks a package. {_last(result)}",
        f"{remedy}, then prepare again.",
    )


def _last(result: JobResult) -> str:
    """The lines that say most: pip's errors where there are some, else the last ones."""
    lines = [line.strip() for line in result.said if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return " ".join((errors or lines)[-SHOWN_LINES:])[:800]


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
