"""The versions of everything that a result depends on."""

from __future__ import annotations

import platform
from importlib.metadata import version as package_version

from mirrorneuron.flows import tools
from mirrorneuron.pdk_sky130.errors import ToolError
from mirrorneuron.pdk_sky130.install import Pdk

__all__ = ["versions"]


def versions(pdk: Pdk) -> dict[str, str]:
    """Versions of mirrorneuron, Python, the programs and the PDK, by name; "missing" for a program without one."""
    return {
        "mirrorneuron": package_version("mirrorneuron"),
        "Python": platform.python_version(),
        **{name: _version(name) for name in tools.TOOLS},
        "KLayout module": package_version("klayout"),
        "SKY130 PDK": f"{pdk.version} ({pdk.source})" if pdk.version else pdk.source,
    }


def _version(tool: str) -> str:
    try:
        return tools.version(tool)
    except ToolError:
        return "missing"
