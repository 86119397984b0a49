"""Finding and assembling the PDK: from tiny wheels that the tests make, the real assembly, and open_pdks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import MissingToolError, ToolError, ToolFailedError, ToolTimeoutError

DECK = "drc/deck.drc"


def _wheel(folder: Path, name: str, members: dict[str, str]) -> None:
    """Write a wheel that pip accepts."""
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
        for member, text in members.items():
            archive.writestr(member, text)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two tiny wheels."""
    folder = tmp_path_factory.mktemp("wheels")
    _wheel(folder, "mn_models", {"data/models/a.spice": "* a\n", "data/models/deep/b.spice": "* b\n", "x": "x"})
    _wheel(folder, "mn_decks", {f"data/{DECK}": "rule 1\n", "data/drc/other.drc": "rule 2\n"})
    return folder


@pytest.fixture
def recipe(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> install.Recipe:
    """What to take from the wheels, which are all that pip can find."""
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    models, decks = (
        hashlib.sha256((wheels / f"{name}-1.0-py3-none-any.whl").read_bytes()).hexdigest()
        for name in ("mn_models", "mn_decks")
    )
    return install.Recipe(
        (
            install.Wheel("mn-models", "1.0", models, "data/", ("data/models/*.spice",)),
            install.Wheel("mn-decks", "1.0", decks, "data/", (f"data/{DECK}",)),
        )
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


_made: list[Path] = []


@pytest.fixture
def folder(recipe: install.Recipe, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An assembly in `cache`: a copy, since pip takes a second."""
    if not _made:
        _made.append(install.assemble(recipe, tmp_path_factory.mktemp("made")))
    return Path(shutil.copytree(_made[0], cache / _made[0].name))


def _contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_takes_the_named_members_and_nothing_else(recipe: install.Recipe, cache: Path) -> None:
    folder = install.assemble(recipe, cache)
    contents = _contents(folder)
    manifest = json.loads(contents.pop("manifest.json"))
    contents.pop("manifest.sha256")
    assert contents == {"models/a.spice": "* a\n", "models/deep/b.spice": "* b\n", DECK: "rule 1\n"}
    assert manifest["files"][DECK] == [7, hashlib.sha256(b"rule 1\n").hexdigest()]
    assert [p.name for p in cache.iterdir() if p != folder] == [".lock"]


def test_an_assembly_is_used_as_it_is(recipe: install.Recipe, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")  # no pip, no network
    assert install.assemble(recipe, folder.parent, thorough=True) == folder


def _truncate(folder: Path) -> None:
    (folder / DECK).write_text("rule")


def _change(folder: Path) -> None:
    (folder / DECK).write_text("rule 9\n")


def _remove(folder: Path) -> None:
    (folder / DECK).unlink()


def _unfinish(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def _cut_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"files": {')


def _replace_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"files": {}}')


@pytest.mark.parametrize("harm", [_truncate, _change, _remove, _unfinish, _cut_manifest, _replace_manifest])
def test_damage_is_noticed_and_redone(recipe: install.Recipe, folder: Path, harm: Callable[[Path], None]) -> None:
    before = _contents(folder)
    assert install.damage(folder) is None
    harm(folder)
    assert install.damage(folder) is not None
    assert install.assemble(recipe, folder.parent) == folder
    assert _contents(folder) == before


def test_a_thorough_check_sees_what_size_and_time_hide(recipe: install.Recipe, folder: Path) -> None:
    times = (folder / DECK).stat()
    _change(folder)
    os.utime(folder / DECK, (times.st_atime, times.st_mtime))
    assert install.damage(folder) is None
    assert DECK in str(install.damage(folder, thorough=True))
    install.assemble(recipe, folder.parent, thorough=True)
    assert install.damage(folder, thorough=True) is None


def test_other_times_alone_are_no_damage(folder: Path) -> None:
    os.utime(folder / DECK)
    assert install.damage(folder) is None


def test_what_an_interrupted_assembly_left_is_removed(recipe: install.Recipe, cache: Path) -> None:
    left = cache / ".building-left"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    folder = install.assemble(recipe, cache)
    assert sorted(p.name for p in cache.iterdir()) == [".lock", folder.name]


def test_a_wheel_with_another_hash_is_refused(
    recipe: install.Recipe, wheels: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Path(shutil.copytree(wheels, tmp_path / "other"))
    _wheel(other, "mn_decks", {f"data/{DECK}": "no rules\n"})
    monkeypatch.setenv("PIP_FIND_LINKS", str(other))
    with pytest.raises(ToolFailedError, match=r"(?is)hash.*PIP_FIND_LINKS"):
        install.assemble(recipe, cache)
    assert [p.name for p in cache.iterdir()] == [".lock"]


def test_a_wheel_without_the_members_is_refused(recipe: install.Recipe, cache: Path) -> None:
    first = recipe.wheels[0]
    wanting = install.Wheel(first.name, first.version, first.sha256, first.prefix, ("data/models/*.gds",))
    with pytest.raises(ToolFailedError, match=r"mn_models-1\.0.* no member data/models/\*\.gds"):
        install.assemble(install.Recipe((wanting,)), cache)
    assert [p.name for p in cache.iterdir()] == [".lock"]


def test_other_contents_are_another_version(recipe: install.Recipe) -> None:
    first = recipe.wheels[0]
    more = install.Wheel(first.name, first.version, first.sha256, first.prefix, (*first.members, "x"))
    versions = {recipe.version, install.Recipe(recipe.wheels[:1]).version, install.Recipe((more,)).version}
    assert len(versions) == 3


def test_parallel_processes_share_one_assembly(recipe: install.Recipe, cache: Path) -> None:
    script = (
        "import logging, sys; from pathlib import Path\n"
        "from mirrorneuron.pdk_sky130.install import Recipe, Wheel, assemble\n"
        "logging.basicConfig(level=logging.INFO)\n"
        f"assemble({recipe!r}, Path({str(cache)!r}))\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert sum("Assembling" in text for text in said) == 1
    assert install.damage(cache / f"sky130-{recipe.version}", thorough=True) is None


def test_without_network_the_message_says_what_to_do(
    recipe: install.Recipe, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ToolFailedError, match=r"(?s)mn-models==1\.0.*PIP_NO_INDEX=1 and PIP_FIND_LINKS.*PDK_ROOT"):
        install.assemble(recipe, cache)


def test_without_pip(recipe: install.Recipe, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingToolError, match=r"-m ensurepip"):
        install.assemble(recipe, cache)


def test_a_pip_that_hangs_is_stopped(recipe: install.Recipe, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mirrorneuron.pdk_sky130.install.wheels._DOWNLOAD_TIMEOUT_S", 0.01)
    with pytest.raises(ToolTimeoutError, match=r"within 0.01 s"):
        install.assemble(recipe, cache)


def test_a_cache_that_cannot_be_written(recipe: install.Recipe, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingToolError, match=r"(?s)file/cache: Not a directory.*XDG_CACHE_HOME"):
        install.assemble(recipe, tmp_path / "file" / "cache")


def test_locate_may_be_told_not_to_assemble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingToolError, match=r"make setup"):
        install.locate(assemble_missing=False)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_folder_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for chosen, expected in ((str(tmp_path / "c"), "c"), ("relative", ".cache"), ("", ".cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", chosen)
        with pytest.raises(MissingToolError, match=re.escape(f"no assembly in {tmp_path}/{expected}/mirrorneuron/")):
            install.locate(assemble_missing=False)


# The real assembly, made by `make setup` or by the first test that needs it.


@pytest.fixture
def assembled(monkeypatch: pytest.MonkeyPatch) -> install.Pdk:
    monkeypatch.delenv("PDK_ROOT", raising=False)
    return install.locate()


def test_the_assembly_has_every_part(assembled: install.Pdk) -> None:
    for part in install.PARTS:
        assert getattr(assembled, part).exists(), part
    assert (assembled.continuous / "sky130.lib.spice").is_file()
    assert install.damage(assembled.root, thorough=True) is None
    assert assembled.sc_hd is not None
    assert len(list(assembled.sc_hd.glob("*/*.gds"))) == 437


def test_the_assembly_has_every_file_that_the_models_include(assembled: install.Pdk) -> None:
    waiting = [assembled.continuous / "sky130.lib.spice", assembled.continuous.parent / "sky130.lib.spice"]
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            text = path.read_text(errors="replace")  # raises if it is not there
            waiting += [
                (path.parent / name).resolve()
                for name in re.findall(r"^\s*\.include\s+[\"']?([^\"'\s]+)", text, re.MULTILINE | re.IGNORECASE)
            ]
    assert len(seen) > 190


def test_locating_takes_milliseconds(assembled: install.Pdk) -> None:
    def cpu_seconds() -> float:
        started = time.process_time()
        install.locate()
        return time.process_time() - started

    assert min(cpu_seconds() for _ in range(5)) < 0.03  # 0.006 s


# An open_pdks installation.

PLACES = {
    "continuous": "libs.tech/combined/continuous/sky130.lib.spice",
    "drc_deck": "libs.tech/klayout/drc/sky130A_mr.drc",
    "magic_tech": "libs.tech/magic/sky130A.tech",
    "netgen_setup": "libs.tech/netgen/sky130A_setup.tcl",
}


@pytest.fixture
def open_pdks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for place in PLACES.values():
        path = tmp_path / "sky130A" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    monkeypatch.delenv("PDK", raising=False)
    return tmp_path


def test_an_installed_pdk_is_used(open_pdks: Path) -> None:
    pdk = install.locate()
    assert pdk.continuous == open_pdks / "sky130A/libs.tech/combined/continuous"
    assert pdk.drc_deck == open_pdks / "sky130A" / PLACES["drc_deck"]
    assert (pdk.zero_area_deck, pdk.pin_label_deck, pdk.fd_pr, pdk.sc_hd) == (None, None, None, None)
    assert pdk.version == ""
    (open_pdks / "sky130A/.config").mkdir()
    (open_pdks / "sky130A/.config/nodeinfo.json").write_text('{"commit": {"open_pdks": "0fe599b"}}')
    (open_pdks / "sky130A/libs.tech/klayout/drc/zeroarea.rb.drc").write_text("")
    pdk = install.locate()
    assert pdk.version == "0fe599b"
    assert pdk.zero_area_deck == open_pdks / "sky130A/libs.tech/klayout/drc/zeroarea.rb.drc"


@pytest.mark.parametrize("part", PLACES)
def test_a_part_missing_from_an_installed_pdk_is_named(open_pdks: Path, part: str) -> None:
    (open_pdks / "sky130A" / PLACES[part]).unlink()
    with pytest.raises(MissingToolError, match=re.escape(PLACES[part])):
        install.locate()


@pytest.mark.parametrize(
    ("root", "variant", "message"),
    [
        ("nowhere", None, "holds no sky130A/libs.tech, so it is no PDK"),
        ("sky130A", None, "Did you mean PDK_ROOT=.*, PDK=sky130A"),
        (".", "gf180mcuD", "PDK=gf180mcuD is no SKY130 process"),
        (".", "sky130B", "holds no sky130B/libs.tech"),
    ],
)
def test_a_pdk_root_that_is_no_pdk(
    open_pdks: Path, monkeypatch: pytest.MonkeyPatch, root: str, variant: str | None, message: str
) -> None:
    monkeypatch.setenv("PDK_ROOT", str(open_pdks / root))
    if variant:
        monkeypatch.setenv("PDK", variant)
    with pytest.raises(MissingToolError, match=message) as caught:
        install.locate()
    assert "unset it" in str(caught.value)
    assert isinstance(caught.value, ToolError)


def test_set_up_reports_without_a_traceback(
    open_pdks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install.main()
    monkeypatch.setenv("PDK_ROOT", "/nowhere")
    with pytest.raises(SystemExit) as caught:
        install.main()
    assert caught.value.code == 3
    assert "PDK_ROOT=/nowhere" in capsys.readouterr().err
