"""`lensmith hosts`: add, test, prepare, clean and remove other machines."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from engine.config.features import require_feature
from engine.errors import UserError
from engine.protocol.hosts import HostBook, HostFacts, HostRecord, require_host_name
from engine.verbs.host_cleaning import clean_host, remove_host
from engine.verbs.host_connection import connected, connection_to, take_passphrase
from engine.verbs.host_preparing import fill_wheels, install_host, prepare_host
from engine.verbs.host_tables import fact_lines, host_table
from engine.verbs.reply import Parsers, Reply, Session

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink

OPTIONS: Final = {
    "host": ("--host", "its address or name"),
    "port": ("--port", "port of its SSH server (22)"),
    "user": ("--user", "your user there; default: your name here"),
    "key_file": ("--key", "private key here; default: ssh-agent and the usual files"),
    "folder": ("--folder", "where Lensmith keeps everything there (~/.lensmith)"),
    "python": ("--python", "a Python there to make the environment from"),
    "environment": ("--environment", "a Python there that has Lensmith's engine already"),
    "torch_build": ("--torch", "auto, cpu, cu126, cu130, default: the build of torch there"),
    "wheels": ("--wheels", "folder of wheels here that is sent along, for hosts without internet"),
    "bring_home": ("--bring-home", "as_they_appear, at_the_end, on_demand: when results come here"),
    "clean": ("--clean", "when_home, keep: whether a run's folder there is removed"),
}
"""Field of a record: the option that sets it, and its help."""
KEPT_IN: Final = {
    "keyring": "the system's keyring",
    "memory": "memory, until nobody has asked for it for 12 hours",
}
WAY_THERE: Final = ("host", "port", "user", "key_file")
"""Fields after whose change the host is connected to before anything is kept."""


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    hosts = parsers.add_parser("hosts", help="other machines that train over SSH")
    verbs = hosts.add_subparsers(dest="hosts_verb", metavar="VERB", required=True)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, parents=[shared], help=text)
        made.add_argument("name", metavar="NAME", help="what the host is called here")
        return made

    for name, text in (("add", "add a host, test it"), ("edit", "change what is known of a host")):
        made = verb(name, text)
        for field, (option, explained) in OPTIONS.items():
            needed = field == "host" and name == "add"
            made.add_argument(option, dest=field, default=None, required=needed, help=explained)
        made.add_argument(
            "--accept-fingerprint", default="", metavar="SHA256:…", help="the host's key that you expect"
        )
        _add_passphrase(made)
        made.set_defaults(run=add_host if name == "add" else edit_host)
    verbs.add_parser("list", parents=[shared], help="list the hosts").set_defaults(run=list_hosts)
    verb("show", "what was last found on a host").set_defaults(run=show_host)
    verb("test", "look at everything a training there needs").set_defaults(run=test_host)
    prepare = verb("prepare", "make the environment there, without root")
    prepare.add_argument("--again", action="store_true", help="make it anew, also when it is ready")
    prepare.set_defaults(run=prepare_host)
    install = verb("install", "install there what a plugin requires; asks first")
    install.add_argument("--plugin", required=True, help="see `lensmith plugins list`")
    install.add_argument("--yes", action="store_true", help="you have seen what it is, and agree")
    install.set_defaults(run=install_host)
    wheels = verb("wheels", "fill a folder here with what a host without internet needs")
    wheels.add_argument("folder", type=Path, metavar="FOLDER", help="made when it is not there")
    wheels.add_argument("--python-version", default="", help="of the host; default: as it was tested")
    wheels.set_defaults(run=fill_wheels)
    status = verb("status", "its GPUs, queue and disk now")
    status.add_argument("--data", default="", help="a dataset: how much of it is still to be sent")
    status.set_defaults(run=host_status)
    clean = verb("clean", "remove what Lensmith keeps there and nobody needs")
    clean.add_argument("--runs", action="store_true", help="folders of runs that are all here")
    clean.add_argument("--data", action="store_true", help="datasets")
    clean.add_argument("--environment", action="store_true", help="the environment, and the wheels for it")
    clean.set_defaults(run=clean_host)
    remove = verb("remove", "forget a host; what is on it stays")
    remove.add_argument("--clean", action="store_true", help="first remove there what nobody needs")
    remove.set_defaults(run=remove_host)
    verb("forget-key", "forget the host's key, after its owner has changed it").set_defaults(run=forget_key)
    unlock = verb("unlock", "give the passphrase of your key for a host")
    _add_passphrase(unlock)
    unlock.set_defaults(run=unlock_host)


def _add_passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--passphrase-stdin", action="store_true", help="read the passphrase of your key from standard input"
    )


def add_host(session: Session, arguments: argparse.Namespace) -> Reply:
    """Connect first; keep the host only when it lets us in, then test it."""
    name = require_host_name(arguments.name)
    if any(host.name == name for host in HostBook(session.home).list()):
        raise UserError(
            "host_exists",
            f"There is a host named {name!r} already.",
            f"Take another name, or change that one: lensmith hosts edit {name}",
        )
    host = _changed({"name": name}, arguments)
    return _connected_reply(session, host, arguments, has_moved=True)


def edit_host(session: Session, arguments: argparse.Namespace) -> Reply:
    """Connect first when the way there changes; the facts of another machine are forgotten."""
    before = HostBook(session.home).get(arguments.name)
    host = _changed(before.model_dump(), arguments)
    has_moved = any(getattr(host, field) != getattr(before, field) for field in WAY_THERE)
    if has_moved or arguments.accept_fingerprint or arguments.passphrase_stdin:
        return _connected_reply(session, host, arguments, has_moved=has_moved)
    book = HostBook(session.home)
    book.put(host)
    return Reply(*_told(host, book.facts(host.name)))


def _changed(record: dict[str, object], arguments: argparse.Namespace) -> HostRecord:
    """The record with what the options say.

    Raises:
        UserError: `host_value_invalid`, `torch_build_unknown`, `wheels_missing`.
    """
    from engine.executors.ssh.torch_build import require_build_name
    from engine.executors.ssh.wheel_folder import wheels_in

    given = {field: getattr(arguments, field) for field in OPTIONS if getattr(arguments, field) is not None}
    for field in ("key_file", "wheels"):
        if given.get(field):
            given[field] = str(Path(given[field]).expanduser().absolute())
    try:
        host = HostRecord.model_validate(record | given)
    except ValidationError as error:
        first = error.errors()[0]
        option = OPTIONS.get(str(first["loc"][0]), ("",))[0]
        raise UserError(
            "host_value_invalid",
            f"{option} cannot be {first['input']!r}: {first['msg'][:1].lower()}{first['msg'][1:]}.",
            "See `lensmith hosts add --help`.",
        ) from error
    require_build_name(host.torch_build)
    if given.get("wheels"):
        wheels_in(host.wheels)
    return host


def _connected_reply(
    session: Session, host: HostRecord, arguments: argparse.Namespace, *, has_moved: bool
) -> Reply:
    """Connect, keep the host, and tell what was found, and where a passphrase that was given is kept now."""
    data, text = _told(host, _connect_and_keep(session, host, arguments, has_moved=has_moved))
    kept: str | None = getattr(arguments, "passphrase_kept", None)
    if kept is None:
        return Reply(data, text)
    return Reply({**data, "kept": kept}, f"{text}\nThe passphrase is kept in {KEPT_IN[kept]}.")


def _connect_and_keep(
    session: Session, host: HostRecord, arguments: argparse.Namespace, *, has_moved: bool
) -> HostFacts:
    from engine.executors.ssh.checks import check_host

    book = HostBook(session.home.ensure())
    with connected(session, host, arguments) as connection:
        book.put(host)
        if has_moved:
            book.keep_facts(host.name, HostFacts())
        with session.progress(f"Testing {host.name}") as progress:
            facts = check_host(connection, session.home, progress)
    book.keep_facts(host.name, facts)
    return facts


def list_hosts(session: Session, _arguments: argparse.Namespace) -> Reply:
    book = HostBook(session.home)
    known = [(host, book.facts(host.name)) for host in book.list()]
    data = {"hosts": [{**host.model_dump(), "facts": _dumped(facts)} for host, facts in known]}
    return Reply(data, host_table(known))


def show_host(session: Session, arguments: argparse.Namespace) -> Reply:
    host = HostBook(session.home).get(arguments.name)
    return Reply(*_told(host, HostBook(session.home).facts(host.name)))


def test_host(session: Session, arguments: argparse.Namespace) -> Reply:
    """Look at everything. A host that fails is an answer too: exit code 0."""
    from engine.executors.ssh.checks import check_host

    require_feature("ssh")
    book = HostBook(session.home)
    host = book.get(arguments.name)
    connection = connection_to(session, host)
    try:
        with session.progress(f"Testing {host.name}") as progress:
            facts = check_host(connection, session.home, progress)
    finally:
        connection.close()
    book.keep_facts(host.name, facts)
    ok = not any(check.state == "failed" for check in facts.checks)
    data = {"host": host.model_dump(), "ok": ok, "facts": facts.model_dump()}
    return Reply(data, fact_lines(host, facts))


def host_status(session: Session, arguments: argparse.Namespace) -> Reply:
    from engine.executors.ssh.checks import check_now

    book = HostBook(session.home)
    host = book.get(arguments.name)
    with connected(session, host, arguments) as connection:
        link = connection.start_agent()
        facts = check_now(link, session.home)
        to_send = _bytes_to_send(session, link, arguments.data) if arguments.data else None
    book.keep_facts(host.name, facts)
    seconds = None
    if to_send is not None and facts.upload_bytes_per_s > 0:
        seconds = to_send / facts.upload_bytes_per_s
    data = {"host": host.model_dump(), "facts": facts.model_dump()}
    data |= {"bytes_to_send": to_send, "seconds_to_send": seconds}
    text = fact_lines(host, facts)
    return Reply(data, text if to_send is None else f"{text}\n{to_send / 1e6:.1f} MB are still to be sent.")


def _bytes_to_send(session: Session, link: AgentLink, dataset: str) -> int:
    """What the host lacks of a dataset."""
    from engine.datasets.library import Library
    from engine.executors.ssh.placing import files_of
    from engine.executors.ssh.upload import bytes_missing

    library = Library(session.home)
    manifest = library.get(dataset)
    return bytes_missing(link, list(files_of(manifest, library.root(dataset))))


def forget_key(session: Session, arguments: argparse.Namespace) -> Reply:
    require_feature("ssh")
    from engine.executors.ssh.host_keys import address, forget

    book = HostBook(session.home)
    host = book.get(arguments.name)
    forgotten = forget(host, book)
    text = f"The key of {host.name} is forgotten; the next connection asks for the new one."
    if not forgotten:
        text = (
            f"Lensmith itself keeps no key of {host.name}. When OpenSSH does: ssh-keygen -R '{address(host)}'"
        )
    return Reply({"host": host.model_dump(), "forgotten": forgotten}, text)


def unlock_host(session: Session, arguments: argparse.Namespace) -> Reply:
    """Try the passphrase, then keep it for the processes to come."""
    from engine.executors.ssh.credentials import Secrets

    host = HostBook(session.home).get(arguments.name)
    secret = take_passphrase(session, host, arguments)
    secrets = Secrets(session.home.ensure())
    secrets.offer(host.name, secret)
    with connected(session, host, arguments, keeps=False):
        kept = secrets.keep(host.name, secret)
    return Reply({"host": host.model_dump(), "kept": kept}, f"The passphrase is kept in {KEPT_IN[kept]}.")


def _told(host: HostRecord, facts: HostFacts | None) -> tuple[dict[str, object], str]:
    return {"host": host.model_dump(), "facts": _dumped(facts)}, fact_lines(host, facts)


def _dumped(facts: HostFacts | None) -> dict[str, object] | None:
    return None if facts is None else facts.model_dump()
