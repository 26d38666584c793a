"""A command line loads the module of its verb only, and all of them where the verb is not known."""

from __future__ import annotations

import argparse
import importlib

import pytest

from engine.cli import VERB_MODULES, build_parser, main, modules_for


def verbs_of(module: str) -> list[str]:
    parsers = argparse.ArgumentParser().add_subparsers()
    importlib.import_module(module).add_parsers(parsers, argparse.ArgumentParser(add_help=False))
    return list(parsers.choices)


@pytest.mark.parametrize("module", VERB_MODULES)
def test_that_every_verb_is_found_in_its_own_module_alone(module: str) -> None:
    for verb in verbs_of(module):
        assert modules_for([verb, "more"]) == (module,)
        assert modules_for(["--json", verb]) == (module,)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["trian"], ["--help", "train"], ["reply"]])
def test_that_all_verbs_are_offered_where_none_is_known(arguments: list[str]) -> None:
    assert modules_for(arguments) == VERB_MODULES


def test_that_a_misspelt_verb_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trian"]) == 2
    assert "'train'" in capsys.readouterr().err


def test_that_one_module_parses_as_all_do() -> None:
    given = ["run", "somewhere", "--json"]

    assert build_parser(modules_for(given)).parse_args(given) == build_parser().parse_args(given)
