"""From the name in attempt.json to the executor that carries it out."""

from __future__ import annotations

from engine.executors.executor import Executor, Hooks
from engine.executors.local import LocalExecutor
from engine.protocol.home import Home
from engine.protocol.hosts import HostBook, place_name, place_unknown


def executor_named(name: str, home: Home, hooks: Hooks | None = None) -> Executor:
    """Make the executor.

    Args:
        name: as `attempt.json` says it: `local`, `ssh:box`.
        home: the user's folder.
        hooks: the runner that uses it.

    Raises:
        UserError: `executor_unknown`, `host_unknown`.
    """
    if name == "local":
        return LocalExecutor()
    host = place_name(name)
    if not host:
        raise place_unknown(name)
    record = HostBook(home).get(host)
    # Here and not above: its library is loaded only by runners that need it.
    from engine.executors.ssh.executor import SshExecutor
    from engine.executors.ssh.worker_command import worker_command

    return SshExecutor(record, home, worker_command, hooks)
