"""What mirrorneuron needs and what it found: programs and parts of the PDK, with version and path."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from mirrorneuron.flows import tools
from mirrorneuron.pdk_sky130 import install
from mirrorneuron.pdk_sky130.errors import ToolError

__all__ = ["Diagnosis", "Item", "examine", "missing_packages"]


@dataclass(frozen=True)
class Item:
    """One thing that is needed; ``problem`` is None, or what is wrong and what to do about it."""

    kind: str
    name: str
    version: str = ""
    path: str = ""
    note: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class Diagnosis:
    """All that is needed; it passed if nothing has a problem."""

    items: tuple[Item, ...]

    @property
    def passed(self) -> bool:
        """Whether everything is there."""
        return all(item.problem is None for item in self.items)

    def as_json(self) -> dict[str, Any]:
        """The diagnosis as a JSON object."""
        return {"passed": self.passed, "items": [asdict(item) for item in self.items]}

    def as_text(self) -> str:
        """The diagnosis as a table for a terminal, the problems below it."""
        names, versions = (max(len(getattr(item, field)) for item in self.items) for field in ("name", "version"))
        lines = []
        for item in self.items:
            found = "ok" if item.problem is None else "MISSING"
            note = f" ({item.note})" if item.note else ""
            lines.append(f"{found:7}  {item.name:{names}}  {item.version:{versions}}  {item.path}{note}".rstrip())
        problems = dict.fromkeys(item.problem for item in self.items if item.problem is not None)
        return "\n".join([*lines, *(["", *problems] if problems else [])])


def examine() -> Diagnosis:
    """Look at everything, and hash every file of an assembled PDK. Installs and fetches nothing."""
    packages = (
        Item("python", "Python", platform.python_version(), sys.executable),
        Item("python", "mirrorneuron", package_version("mirrorneuron"), str(Path(__file__).parents[2])),
    )
    return Diagnosis((*packages, *(_tool(name) for name in tools.TOOLS), *_pdk()))


def missing_packages() -> list[str]:
    """Debian's packages of the programs that are not there."""
    missing = []
    for name, tool in tools.TOOLS.items():
        try:
            # A program under its second name may be another one: `netgen` is also a mesh generator.
            if tools.find(name).name != tool.names[0] and not os.environ.get(tool.variable):
                tools.version(name)
        except ToolError:
            missing.append(tool.package)
    return missing


def _tool(name: str) -> Item:
    path = ""
    try:
        path = str(tools.find(name))
        return Item("tool", name, tools.version(name), path)
    except ToolError as error:
        bring = f"apt-get install {tools.TOOLS[name].package}"
        remedy = "" if bring in str(error) else f". Install it: {bring} (or: make setup)"
        return Item("tool", name, path=path, problem=f"{error}{remedy}")


def _pdk() -> list[Item]:
    try:
        pdk = install.locate(assemble_missing=False)
    except ToolError as error:
        return [Item("pdk", "SKY130 PDK", problem=str(error))]
    if not os.environ.get("PDK_ROOT"):
        found = install.damage(pdk.root, thorough=True)
        if found:
            problem = f"the SKY130 PDK is damaged: {found}. Mend it: make setup"
            return [Item("pdk", "SKY130 PDK", pdk.version, str(pdk.root), problem=problem)]
    items = [Item("pdk", "SKY130 PDK", pdk.version, str(pdk.root), pdk.source)]
    for part, title in install.PARTS.items():
        path = getattr(pdk, part)
        note = "" if path else "optional; this PDK has none"
        items.append(Item("pdk", title, pdk.version if path else "", str(path or ""), note))
    return items


def main() -> None:
    """Print the Debian packages that are missing, for the set-up script."""
    parser = argparse.ArgumentParser(prog="python -m mirrorneuron.flows.tools.doctor")
    parser.add_argument("--missing-packages", action="store_true", required=True)
    parser.parse_args()
    print(" ".join(missing_packages()))


if __name__ == "__main__":
    main()
