"""Running programs: shell scripts stand in for the tools."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.flows import tools
from mirrorneuron.pdk_sky130.errors import MissingToolError, ToolFailedError, ToolTimeoutError


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a shell script in the place of klayout."""

    def write(script: str) -> Path:
        path = tmp_path / "bin" / "klayout"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("MIRRORNEURON_KLAYOUT", str(path))
        return path

    return write


def _run(tmp_path: Path, *arguments: str, timeout_s: float = 20, **options: object) -> tools.Completed:
    log = tmp_path / "logs" / "tool.log"
    return tools.run("klayout", arguments, cwd=tmp_path, log=log, timeout_s=timeout_s, **options)  # type: ignore[arg-type]


def test_output_is_kept_apart_and_logged(fake: Callable[[str], Path], tmp_path: Path) -> None:
    path = fake('pwd; echo "$1:$MODE"; echo trouble >&2')
    done = _run(tmp_path, "a b", env={"MODE": "x"})
    assert (done.stdout, done.stderr, done.returncode) == (f"{tmp_path}\na b:x\n", "trouble\n", 0)
    assert done.command == (str(path), "a b")
    assert (tmp_path / "logs/tool.log").read_text() == done.stdout
    assert (tmp_path / "logs/tool.log.err").read_text() == done.stderr


def test_standard_input_is_empty(fake: Callable[[str], Path], tmp_path: Path) -> None:
    fake("cat")
    assert _run(tmp_path).stdout == ""  # a program that reads does not wait for ever


def test_output_that_is_not_text(fake: Callable[[str], Path], tmp_path: Path) -> None:
    fake(r"printf '\377ok'")
    assert _run(tmp_path).stdout.endswith("ok")


def test_an_exit_status_is_a_failure_unless_expected(fake: Callable[[str], Path], tmp_path: Path) -> None:
    fake("echo working; echo 'cannot read deck' >&2; exit 7")
    with pytest.raises(ToolFailedError, match=r"klayout ended with status 7: cannot read deck \(log: .*tool\.log"):
        _run(tmp_path)
    assert (tmp_path / "logs/tool.log.err").read_text() == "cannot read deck\n"
    assert _run(tmp_path, ok_codes=(0, 7)).returncode == 7
    assert _run(tmp_path, ok_codes=None).returncode == 7


@pytest.mark.parametrize("ok_codes", [(0,), None])
def test_a_crash_is_a_failure_whatever_is_expected(
    fake: Callable[[str], Path], tmp_path: Path, ok_codes: tuple[int, ...] | None
) -> None:
    fake("echo so far; kill -SEGV $$")
    with pytest.raises(ToolFailedError, match="ended by SIGSEGV"):
        _run(tmp_path, ok_codes=ok_codes)
    assert (tmp_path / "logs/tool.log").read_text() == "so far\n"


def test_a_program_that_hangs_is_stopped_with_its_children(fake: Callable[[str], Path], tmp_path: Path) -> None:
    fake("echo started; (while :; do echo >>beat; sleep 0.02; done) & wait")
    started = time.monotonic()
    with pytest.raises(ToolTimeoutError, match=r"within 0\.5 s"):
        _run(tmp_path, timeout_s=0.5)
    assert time.monotonic() - started < 10
    assert (tmp_path / "logs/tool.log").read_text() == "started\n"
    beats = (tmp_path / "beat").stat().st_size
    time.sleep(0.2)
    assert (tmp_path / "beat").stat().st_size == beats > 0


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for entry in tools.TOOLS.values():
        monkeypatch.delenv(entry.variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, entry in tools.TOOLS.items():
        with pytest.raises(MissingToolError, match=f"apt-get install {entry.package} .*{entry.variable}"):
            tools.find(name)


def test_a_variable_that_names_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORNEURON_MAGIC", "/no/such/magic")
    with pytest.raises(MissingToolError, match="MIRRORNEURON_MAGIC=/no/such/magic cannot be run"):
        tools.find("magic")


def test_a_program_that_cannot_be_started(fake: Callable[[str], Path], tmp_path: Path) -> None:
    fake("").write_text("#!/no/such/interpreter\n")
    with pytest.raises(ToolFailedError, match="cannot be started"):
        _run(tmp_path)


def test_the_version(fake: Callable[[str], Path]) -> None:
    fake("echo KLayout 9.8.7")
    assert tools.version("klayout") == "9.8.7"


def test_a_program_that_is_another_one(fake: Callable[[str], Path], tmp_path: Path) -> None:
    fake("echo not the one").rename(tmp_path / "other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIRRORNEURON_KLAYOUT", str(tmp_path / "other"))
        with pytest.raises(ToolFailedError, match="printed no version"):
            tools.version("klayout")


def test_the_installed_programs_tell_their_versions() -> None:
    for name in tools.TOOLS:
        assert tools.version(name)[0].isdigit(), name


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Folders of PATH, in this order, each with these programs and what they print."""

    def write(*programs: dict[str, str]) -> list[Path]:
        made = []
        for number, of_folder in enumerate(programs):
            folder = tmp_path / f"bin{number}"
            folder.mkdir()
            for name, says in of_folder.items():
                (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
                (folder / name).chmod(0o755)
            made.append(folder)
        monkeypatch.delenv("MIRRORNEURON_NETGEN", raising=False)
        monkeypatch.setenv("PATH", ":".join(map(str, [*made, "/bin"])))
        return made

    return write


def test_the_first_netgen_of_path_whatever_its_name(folders: Callable[..., list[Path]]) -> None:
    first, second = folders({"netgen": "Netgen 1.5.323"}, {"netgen-lvs": "Netgen 1.5.133"})
    assert tools.find("netgen") == first / "netgen"
    assert tools.version("netgen") == "1.5.323"
    assert second


def test_the_mesh_generator_does_not_hide_netgen(folders: Callable[..., list[Path]]) -> None:
    _, second = folders({"netgen": "NETGEN-6.2 mesh generator"}, {"netgen-lvs": "Netgen 1.5.133"})
    assert tools.find("netgen") == second / "netgen-lvs"


def test_names_of_one_folder_in_their_order(folders: Callable[..., list[Path]]) -> None:
    (first,) = folders({"netgen": "Netgen 1.5.323", "netgen-lvs": "Netgen 1.5.133"})
    assert tools.find("netgen") == first / "netgen-lvs"
