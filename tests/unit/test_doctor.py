"""What the doctor finds, and what it says about what is missing or broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mirrorneuron.flows import tools
from mirrorneuron.flows.tools import doctor
from mirrorneuron.pdk_sky130 import install


def _item(name: str) -> doctor.Item:
    return next(item for item in doctor.examine().items if item.name == name)


@pytest.fixture
def no_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with one empty folder."""
    for entry in tools.TOOLS.values():
        monkeypatch.delenv(entry.variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _program(path: Path, says: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_a_complete_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    install.locate()
    found = doctor.examine()
    assert found.passed, found.as_text()
    assert {item.name for item in found.items} >= {"Python", *tools.TOOLS, "SKY130 PDK", *install.PARTS.values()}
    for item in found.items:
        assert item.version, item
        assert Path(item.path).exists(), item
    assert "MISSING" not in found.as_text()
    assert doctor.missing_packages() == []


def test_missing_programs_are_named_with_the_command_that_brings_them(no_tools: Path) -> None:
    found = doctor.examine()
    assert not found.passed
    assert not found.as_json()["passed"]
    for entry in tools.TOOLS.values():
        assert f"apt-get install {entry.package}" in found.as_text()
    assert doctor.missing_packages() == ["klayout", "magic", "netgen-lvs", "ngspice"]


def test_a_program_that_does_not_tell_its_version_is_a_problem(no_tools: Path) -> None:
    _program(no_tools / "magic", "Segmentation fault")
    item = _item("magic")
    assert item.path == str(no_tools / "magic")
    assert "printed no version" in str(item.problem)
    assert "apt-get install magic" in str(item.problem)


@pytest.mark.parametrize(("says", "missing"), [("NETGEN 6 mesh generator", True), ("Netgen 1.5.133", False)])
def test_the_mesh_generator_netgen_is_not_taken_for_the_other(no_tools: Path, says: str, missing: bool) -> None:
    _program(no_tools / "netgen", says)
    assert ("netgen-lvs" in doctor.missing_packages()) == missing


def test_a_pdk_that_is_not_there_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "make setup" in str(_item("SKY130 PDK").problem)
    assert not (tmp_path / "mirrorneuron").exists()


def test_a_damaged_pdk_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    pdk = install.locate()
    copy = Path(shutil.copytree(pdk.root, tmp_path / "mirrorneuron" / pdk.root.name))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _item("SKY130 PDK").problem is None
    deck = copy / pdk.drc_deck.relative_to(pdk.root)
    deck.write_text(deck.read_text().replace("0.17", "0.16", 1))
    problem = str(_item("SKY130 PDK").problem)
    assert str(deck) in problem
    assert "make setup" in problem


def test_a_bad_pdk_root_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    assert f"PDK_ROOT={tmp_path}" in str(_item("SKY130 PDK").problem)


def test_the_set_up_script_asks_for_missing_packages(
    no_tools: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["doctor", "--missing-packages"])
    doctor.main()
    assert capsys.readouterr().out == "klayout magic netgen-lvs ngspice\n"


@pytest.mark.parametrize(("version", "note"), [("8.3.677", ""), ("8.3.999", "not tried; tried: 8.3.105, 8.3.677")])
def test_versions_that_were_tried(no_tools: Path, version: str, note: str) -> None:
    _program(no_tools / "magic", version)
    item = _item("magic")
    assert (item.version, item.note, item.problem) == (version, note, None)
