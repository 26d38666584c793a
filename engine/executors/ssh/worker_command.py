"""How the worker is started on a host: with the Python that the user named, or that Lensmith has prepared there."""

from __future__ import annotations

from engine.executors.executor import Hooks
from engine.executors.ssh.contact import Contact
from engine.protocol.interpreter import engine_command
from engine.protocol.run_folder import RunFolder


def worker_command(contact: Contact, run: RunFolder, hooks: Hooks) -> list[str]:
    """Give the worker's argv before the run folder; a host that has no environment yet gets one first.

    Raises:
        RemoteError: the host cannot be reached or prepared. CalledOff.
    """
    return engine_command("work", interpreter=contact.host.environment)
