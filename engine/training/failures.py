"""From any exception that ended a run to its typed cause, with a sentence and what to do next."""

from __future__ import annotations

import errno
import traceback

import torch

from engine.errors import PluginError, RemoteError, UserError
from engine.protocol.disk import is_full
from engine.protocol.job import Failure, FailureCause

_REMEDY = "`lensmith runs retry RUN --remedy`"
_CAUSE_OF_CODE: dict[str, FailureCause] = {
    "disk_full": "disk_full",
    "loss_not_finite": "nan",
    "dataset_unreachable": "network",
    "loader_process_died": "worker_died",
}
_NETWORK = frozenset(
    {
        errno.ESTALE,
        errno.EIO,
        errno.ETIMEDOUT,
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ECONNRESET,
        errno.ECONNREFUSED,
        errno.ECONNABORTED,
        errno.ENOTCONN,
    }
)
_PLUGIN_MODULES = "lensmith_plugins."
_SIGNS_OF_NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "defaultcpuallocator",
    # NVIDIA's libraries ask for memory of their own, and say it in their own ways.
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "unable to find a valid cudnn algorithm",
)

_SIGN_OF_ONE = "Expected more than 1 value per channel when training"
"""torch's words."""


def classify(error: BaseException) -> Failure:
    """Say why a run failed. Never raises; what nobody foresaw is a bug of ours and says so."""
    failure = _classified(error)
    return failure.model_copy(update={"traceback": "".join(traceback.format_exception(error))})


def _classified(error: BaseException) -> Failure:
    if isinstance(error, UserError):
        return Failure(cause=_cause_of(error), code=error.code, message=error.message, hint=error.hint)
    if is_out_of_memory(error):
        return Failure(
            cause="oom",
            code="out_of_memory",
            message="The memory was not enough for this model, image size and batch size.",
            hint=f"Retry with half the batch and double accumulation: {_REMEDY}. Or take a smaller image_size.",
        )
    if _is_batch_of_one(error):
        return Failure(
            cause="data",
            code="batch_of_one",
            message="This network cannot be trained on one image at a time: its batch normalisation compares several.",
            hint="Set batch_size to 2 or more, and see that there are two training images at least.",
        )
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, KeyboardInterrupt):
        return Failure(cause="cancelled", code="interrupted", message="The run was interrupted.")
    if _passed_through_plugin(error):
        return Failure(
            cause="plugin",
            code="plugin_raised",
            message=f"The model plugin raised {type(error).__name__}: {error}.",
            hint="The traceback names the line. `lensmith plugins check` tries the plugin on a small example.",
        )
    return Failure(
        cause="bug",
        code="bug",
        message=f"Lensmith itself failed with {type(error).__name__}: {error}.",
        hint="Please report it with the traceback; resuming from the last checkpoint may work.",
    )


def _cause_of(error: UserError) -> FailureCause:
    if error.code in _CAUSE_OF_CODE:
        return _CAUSE_OF_CODE[error.code]
    if isinstance(error, PluginError):
        return "plugin"
    return "network" if isinstance(error, RemoteError) else "data"


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether the memory of the GPU or of the machine was not enough."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS_OF_NO_MEMORY)


def _is_batch_of_one(error: BaseException) -> bool:
    return isinstance(error, ValueError) and _SIGN_OF_ONE in str(error) and "torch.Size([1, " in str(error)


def _of_system(error: OSError) -> Failure:
    message = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "") + "."
    if is_full(error):
        return Failure(
            cause="disk_full",
            code="disk_full",
            message=f"The disk is full. {message}",
            hint="Free some space (old runs, exports), then resume the run from its last checkpoint.",
        )
    if error.errno in _NETWORK or isinstance(error, ConnectionError | TimeoutError):
        return Failure(
            cause="network",
            code="network",
            message=f"A network drive or server does not answer. {message}",
            hint="Connect it again, then resume the run from its last checkpoint.",
        )
    if _passed_through_plugin(error):
        return Failure(
            cause="plugin",
            code="plugin_raised",
            message=f"The model plugin could not read a file. {message}",
            hint="The traceback names the line.",
        )
    return Failure(
        cause="data",
        code="file_unreadable",
        message=f"A file could not be read or written. {message}",
        hint="Check that it is there and may be read, then resume the run.",
    )


def _passed_through_plugin(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__)
    return any(str(frame.f_globals.get("__name__", "")).startswith(_PLUGIN_MODULES) for frame, _ in frames)
