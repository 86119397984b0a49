"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mirrorneuron.flows.build import Built
from mirrorneuron.generators.spec import CellSpec

from tests.kit import builds, klayout, rules

pytest_plugins = ["tests.kit.cpu_report"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fresh-klayout", action="store_true", help="start KLayout anew for each deck, as users do")


@pytest.fixture(scope="session", autouse=True)
def running_klayout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decks run in one KLayout, unless ``--fresh-klayout`` is given or the environment names a KLayout."""
    if request.config.getoption("--fresh-klayout"):
        yield
        return
    with (
        klayout.running(tmp_path_factory.mktemp("klayout")) as program,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("MIRRORNEURON_KLAYOUT", str(program))
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of this test run; under xdist all workers have the same one."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def built(shared_folder: Path) -> Callable[[CellSpec], Built]:
    """Builds a cell, once in a test run."""
    return lambda spec: builds.once(spec, shared_folder / "builds")


@pytest.fixture(scope="session")
def design_rules(shared_folder: Path) -> rules.Verdicts:
    """The verdicts of all decks on the layouts that test modules have added to `tests.kit.rules`."""
    return rules.of_this_run(shared_folder / "rules")
