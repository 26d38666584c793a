"""The intervals a runner lives by, in one record, so that tests can live faster."""

from __future__ import annotations

from dataclasses import dataclass

from engine.protocol import times


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds."""

    poll_s: float = times.FOLLOW_POLL_S
    lost_after_s: float = times.LOST_AFTER_S
    cancel_term_after_s: float = times.CANCEL_TERM_AFTER_S
    cancel_kill_after_s: float = times.CANCEL_KILL_AFTER_S
    retry_backoff_s: tuple[float, ...] = times.RETRY_BACKOFF_S
    place_backoff_s: tuple[float, ...] = times.PLACE_BACKOFF_S
    place_patience_s: float = times.PLACE_PATIENCE_S
