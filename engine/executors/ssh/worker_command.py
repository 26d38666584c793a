"""How the worker is started on a host: with the Python that the user named, or that Lensmith has prepared there."""

from __future__ import annotations

from engine.errors import RemoteError, UserError
from engine.executors.executor import CalledOff, Hooks
from engine.executors.ssh.contact import Contact
from engine.executors.ssh.plugin_requirements import python_for, requirement_lines
from engine.executors.ssh.preparation import prepare
from engine.executors.ssh.preparation_job import Watch
from engine.protocol.events import PhaseChanged
from engine.protocol.interpreter import engine_command
from engine.protocol.run_folder import RunFolder

PHASE = "prepare the machine"


def worker_command(contact: Contact, hooks: Hooks, run: RunFolder) -> list[str]:
    """Give the worker's argv before the run folder; a host that has no environment yet gets one first.

    Raises:
        RemoteError: the host cannot be reached or prepared, or lacks what the plugin requires. CalledOff.
    """
    lines = requirement_lines(run.plugin)
    link = contact.own_link()
    try:
        try:
            python = python_for(link, contact.host, lines)
        except RemoteError as error:
            if error.code != "host_not_prepared":
                raise
            _prepare(contact, hooks)
            python = python_for(link, contact.host, lines)
    finally:
        link.close()
    return engine_command("work", interpreter=python)


def _prepare(contact: Contact, hooks: Hooks) -> None:
    said = ""

    def progress(_done: int, _total: int, text: str) -> None:
        nonlocal said
        if text != said:
            said = text
            hooks.tell(PhaseChanged(name=PHASE, edge="begin", message=text))

    try:
        prepare(contact.connection, contact.home, Watch(progress=progress, cancelled=hooks.is_called_off))
    except UserError as error:
        if error.code == "prepare_cancelled":
            raise CalledOff from error
        raise
    hooks.tell(PhaseChanged(name=PHASE, edge="end"))
