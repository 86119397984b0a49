"""What results depend on beside their task: the versions of package, programs and models."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mirrorneuron.flows import tools
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.models import library

__all__ = ["environment"]

_ROOMS: Final = ("mirrorneuron.pdk_sky130", "mirrorneuron.generators", "mirrorneuron.lvs", "mirrorneuron.flows")


def environment(pdk: install.Pdk | None = None) -> dict[str, str]:
    """Versions by name: this package with a digest of its source, Python, numpy, scipy, ngspice, models.

    Raises
    ------
    ToolError
        ngspice or the PDK is missing.
    """
    pdk = pdk or install.locate(assemble_missing=False)
    return {
        "mirrorneuron": f"{version('mirrorneuron')} {_source_digest()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "ngspice": tools.version("ngspice"),
        "models": library(pdk.continuous, "tt").digest,
    }


@cache
def _source_digest() -> str:
    """Twelve digits of the SHA-256 of the package's source: during development its version does not change."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        spec = find_spec(room)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(folder).rglob("*.py")):
                digest.update(f"{room} {path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
