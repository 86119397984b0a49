"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import klayout, rules

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
def design_rules(shared_folder: Path) -> rules.Verdicts:
    """The verdicts of all decks on the layouts that test modules have added to `tests.kit.rules`."""
    return rules.of_this_run(shared_folder / "rules")
