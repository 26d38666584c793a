"""What is found while a model is tried out: each fault at the method, or the line, that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from engine.errors import UserError
from engine.plugin.contract import BaseModel
from engine.plugin.discovery import PluginSource
from engine.plugin.import_faults import raised_problem
from engine.plugin.model_rules import source_file_of
from engine.plugin.source_lines import ModelSource
from engine.protocol.catalog import PluginProblem


class Findings:
    """The problems of one model, in the order in which they were found."""

    def __init__(self, source: PluginSource, model: type[BaseModel]) -> None:
        self.problems: list[PluginProblem] = []
        self._source = source
        self._text = ModelSource(source_file_of(source, model), model.__name__)

    def attempt(
        self, code: str, doing: str, method: str, do: Callable[[], object], severity: str = "error"
    ) -> object:
        """Do something; what it raises becomes a problem and gives None."""
        try:
            return do()
        except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, SystemExit too
            self.add_raised(code, doing, method, error, severity)
            return None

    def add_raised(self, code: str, doing: str, method: str, error: BaseException, severity: str) -> None:
        hint = error.hint if isinstance(error, UserError) else "See the traceback."
        problem = raised_problem(self._source, error, code, doing, hint).model_copy(
            update={"severity": severity}
        )
        if problem.line is None:
            place = self._text.of_method(method)
            problem = problem.model_copy(update={"file": place.file, "line": place.line})
        self.problems.append(problem)

    def warn(self, code: str, message: str, method: str, hint: str) -> None:
        self.add(code, message, method, hint, severity="warning")

    def add(self, code: str, message: str, method: str, hint: str, severity: str = "error") -> None:
        place = self._text.of_method(method)
        self.problems.append(
            PluginProblem(
                code=code, message=message, file=place.file, line=place.line, hint=hint, severity=severity
            )
        )

    def tell_not_numbers(self, metrics: Mapping[str, object], method: str) -> None:
        for name, value in metrics.items():
            try:
                float(cast("Any", value))
            except (TypeError, ValueError, RuntimeError):
                self.add(
                    "metric_not_a_number",
                    f"{method} reports {value!r} for the metric {name!r}, which is no number.",
                    method,
                    "Give a float.",
                )
