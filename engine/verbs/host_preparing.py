"""`lensmith hosts prepare`, `install` and `wheels`: what a host needs to train, made there or fetched here."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import UserError
from engine.protocol.hosts import EnvironmentFacts, HostBook, HostFacts, HostRecord
from engine.protocol.operating_system import heeding_termination
from engine.verbs.host_connection import connected, may_ask
from engine.verbs.reply import Reply, Session

if TYPE_CHECKING:
    from engine.executors.ssh.connection import Connection
    from engine.executors.ssh.preparation_job import Watch


def prepare_host(session: Session, arguments: argparse.Namespace) -> Reply:
    """Make the environment; told to end, it ends the job over there too."""
    from engine.executors.ssh.checks import with_environment
    from engine.executors.ssh.preparation import prepare

    book = HostBook(session.home)
    host = book.get(arguments.name)

    def work(connection: Connection, watch: Watch) -> EnvironmentFacts:
        return prepare(connection, session.home, watch, again=arguments.again)

    environment = _watched(session, host, arguments, work)
    facts = with_environment(book.facts(host.name) or HostFacts(), host, environment)
    book.keep_facts(host.name, facts)
    data = {"host": host.model_dump(), "environment": environment.model_dump()}
    return Reply(data, facts.checks[-1].message)


def install_host(session: Session, arguments: argparse.Namespace) -> Reply:
    """Install what a plugin requires over the host's environment, after the user has agreed to what is listed."""
    from engine.executors.ssh.plugin_requirements import install_requirements, requirement_lines
    from engine.plugin.discovery import discover, plugin_folders, source_at

    host = HostBook(session.home).get(arguments.name)
    known = {source.id: source for source in discover(plugin_folders(session.home))}
    source = known.get(arguments.plugin) or source_at(Path(arguments.plugin))
    lines = requirement_lines(source.folder) if source.path.is_dir() else ()
    data: dict[str, object] = {"host": host.model_dump(), "requirements": list(lines)}
    if not lines:
        return Reply(data, f"The plugin {source.id!r} requires nothing beyond what Lensmith has.")
    _require_consent(session, host, arguments, lines)

    def work(connection: Connection, watch: Watch) -> EnvironmentFacts:
        return install_requirements(connection, session.home, lines, watch)

    environment = _watched(session, host, arguments, work)
    return Reply(data | {"environment": environment.model_dump()}, f"Installed: {', '.join(lines)}.")


def _require_consent(
    session: Session, host: HostRecord, arguments: argparse.Namespace, lines: tuple[str, ...]
) -> None:
    listed = ", ".join(lines)
    if arguments.yes:
        return
    if may_ask(session):
        sys.stderr.write(f"{arguments.plugin} wants these packages on {host.name}: {listed}\n")
        sys.stderr.write("They are programs of others. Install them? [yes/no] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("yes", "y"):
            return
    raise UserError(
        "consent_needed",
        f"The plugin {arguments.plugin!r} wants these packages on {host.name}: {listed}.",
        "They are programs of others. When you agree, add --yes.",
        {"requirements": "\n".join(lines)},
    )


def _watched(
    session: Session,
    host: HostRecord,
    arguments: argparse.Namespace,
    work: Callable[[Connection, Watch], EnvironmentFacts],
) -> EnvironmentFacts:
    """Do long work on a host with progress and a log; asked to end, it ends over there too."""
    from engine.executors.ssh.preparation_faults import cancelled_fault
    from engine.executors.ssh.preparation_job import Watch

    try:
        with (
            heeding_termination(),
            connected(session, host, arguments) as connection,
            session.progress(f"Preparing {host.name}") as progress,
        ):
            return work(connection, Watch(progress=progress, log=_log_of(session)))
    except (SystemExit, KeyboardInterrupt):
        raise cancelled_fault(host) from None


def fill_wheels(session: Session, arguments: argparse.Namespace) -> Reply:
    """Download here what the host cannot; `hosts edit NAME --wheels FOLDER` then sends it along."""
    from engine.executors.ssh.torch_build import choose_builds
    from engine.executors.ssh.wheel_download import Target, download_wheels

    book = HostBook(session.home)
    host = book.get(arguments.name)
    facts = book.facts(host.name) or HostFacts()
    python = arguments.python_version or ".".join(facts.python.split(" ")[0].split(".")[:2])
    if not python:
        raise UserError(
            "host_python_unknown",
            f"It is not known which Python {host.name} has.",
            f"Test it first (`lensmith hosts test {host.name}`), or give --python-version 3.12.",
        )
    machine = facts.system.rpartition(", ")[2] or "x86_64"
    choice = choose_builds(facts.gpus, facts.driver, host.torch_build)
    folder = arguments.folder.expanduser().absolute()
    target = Target(python, machine, choice.builds)
    build = download_wheels(folder, host, target, _log_of(session))
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    data = {"host": host.model_dump(), "folder": str(folder), "torch_build": build.name, "bytes": size}
    text = f"{folder} holds {size / 1e9:.1f} GB. Next: lensmith hosts edit {host.name} --wheels {folder}"
    return Reply(data, text)


def _log_of(session: Session) -> Callable[[str], None]:
    """Where the lines of a long verb go: to a program as they are, to a person above the bar."""
    if not session.as_json:
        return lambda line: session.tell([line])

    def say(line: str) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more: the work goes on
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    return say
