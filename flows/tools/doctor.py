"""The installation: programs and parts of the PDK that mirrorneuron needs, with version and path."""

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
    """A program or part that is needed; ``problem`` is None, or the fault and its remedy."""

    kind: str
    name: str
    version: str = ""
    path: str = ""
    note: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class Diagnosis:
    """All items; it passed if none has a problem."""

    items: tuple[Item, ...]

    @property
    def passed(self) -> bool:
        """Whether everything is installed and works."""
        return all(item.problem is None for item in self.items)

    def as_json(self) -> dict[str, Any]:
        """The diagnosis as a JSON object."""
        return {"passed": self.passed, "items": [asdict(item) for item in self.items]}

    def as_text(self) -> str:
        """The diagnosis as a table for a terminal, the problems below it."""
        names, versions = (max(len(getattr(item, field)) for item in self.items) for field in ("name", "version"))
        lines = []
        for item in self.items:
            state = "ok" if item.problem is None else "MISSING"
            note = f" ({item.note})" if item.note else ""
            lines.append(f"{state:7}  {item.name:{names}}  {item.version:{versions}}  {item.path}{note}".rstrip())
        problems = dict.fromkeys(item.problem for item in self.items if item.problem is not None)
        return "\n".join([*lines, *(["", *problems] if problems else [])])


def examine() -> Diagnosis:
    """Examine all items, and hash every file of an assembled PDK. Nothing is installed or fetched."""
    packages = (
        Item("python", "Python", platform.python_version(), sys.executable),
        Item("python", "mirrorneuron", package_version("mirrorneuron"), str(Path(__file__).parents[2])),
    )
    return Diagnosis((*packages, *(_tool(name) for name in tools.TOOLS), *_pdk()))


def missing_packages() -> list[str]:
    """Debian's packages of the programs that are missing."""
    missing = []
    for name, tool in tools.TOOLS.items():
        try:
            # A program found under its second name may be another program: `netgen` is also a mesh generator.
            if tools.find(name).name != tool.names[0] and not os.environ.get(tool.variable):
                tools.version(name)
        except ToolError:
            missing.append(tool.package)
    return missing


def _tool(name: str) -> Item:
    path = ""
    try:
        path = str(tools.find(name))
        version = tools.version(name)
        tried = tools.TOOLS[name].tried
        note = "" if version in tried else f"not tried; tried: {', '.join(tried)}"
        return Item("tool", name, version, path, note)
    except ToolError as error:
        command = f"apt-get install {tools.TOOLS[name].package}"
        remedy = "" if command in str(error) else f". Install it: {command} (or: make setup)"
        return Item("tool", name, path=path, problem=f"{error}{remedy}")


def _pdk() -> list[Item]:
    try:
        pdk = install.locate(assemble_missing=False)
    except ToolError as error:
        return [Item("pdk", "SKY130 PDK", problem=str(error))]
    if not os.environ.get("PDK_ROOT"):
        damage = install.damage(pdk.root, thorough=True)
        if damage:
            problem = f"the SKY130 PDK is damaged: {damage}. Repair it: make setup"
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
