"""The commands and code blocks of README.md and docs/ do what they say: they run as they stand.

Each runs in a folder of its own that holds the repository's examples and benchmarks, and a small cell under the names
that the documents use for a reader's own. What does not run is listed here, with the reason.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from mirrorneuron.flows.build import build
from mirrorneuron.generators import catalog

pytestmark = pytest.mark.docs

REPO = Path(__file__).parents[2]
DOCUMENTS = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
AT_HAND = ("examples", "benchmarks", "pdk_sky130", "docs", ".venv")
READERS_OWN = ("cell", "somebody")
TIMEOUT_S = 300

CLUSTER, PLACEHOLDER, LONG = "needs a cluster", "a placeholder for what is the reader's own", "takes minutes"
COMMANDS_NOT_RUN = {
    "make neuron": "the main job, which CI runs by itself",
    "make test": "these are its tests",
    "mirrorneuron characterize SPEC": PLACEHOLDER,
    "mirrorneuron characterize mirror_": LONG,
    "mirrorneuron characterize examples/neuron4.yaml": LONG,
    "mirrorneuron compare": LONG,
    "mirrorneuron signoff mirror_active_input": LONG,
    ".venv/bin/python benchmarks/matching.py --glayout": PLACEHOLDER,
    ".venv/bin/python benchmarks/matching.py --pictures": "draws the pictures of the document anew",
    ".venv/bin/python benchmarks/matching.py": LONG,
    ".venv/bin/python benchmarks/mutants.py": LONG,
    ".venv/bin/python benchmarks/sweep.py": LONG,
    "make mutants": LONG,
    "dask": CLUSTER,
}
"""Beginnings of commands, and why they are not run."""

BLOCKS_NOT_RUN = {
    ("simulation.md", "conditions"): "netlist, voltages and plot are the reader's own",
    ("simulation.md", "Samples"): "goes on with the bench of the block before",
    ("sweeps.md", "partial"): "goes on with a bench, and takes minutes",
}
"""Python blocks by their document and the first name that they import, and why their imports alone are run."""


@dataclass(frozen=True)
class Block:
    """A code block: where it begins, its language and its text."""

    document: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.document.name}:{self.line}"


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(document, text.count("\n", 0, one.start()) + 1, one[1], one[2]) for one in found]


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
LINES = [line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()]
COMMANDS = [command for command in dict.fromkeys(re.sub(r"\s+#.*", "", line).strip() for line in LINES) if command]


def why_not(command: str) -> str | None:
    """Why a command is not run; None if it is."""
    return next((reason for start, reason in COMMANDS_NOT_RUN.items() if command.startswith(start)), None)


def first_import(block: Block) -> str:
    names = [alias.name for node in ast.walk(ast.parse(block.text)) for alias in getattr(node, "names", ())]
    return names[0]


@pytest.fixture(scope="module")
def small_cell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a cell as a reader may have one."""
    built = build(catalog.load("matched_array", ["ratios=[1,2]", "name=cell"]), tmp_path_factory.mktemp("reader"))
    return built.gds.parent


@pytest.fixture
def folder(tmp_path: Path, small_cell: Path) -> Path:
    for name in AT_HAND:
        (tmp_path / name).symlink_to(REPO / name)
    for name in READERS_OWN:
        for ending in ("gds", "spice"):
            shutil.copy(small_cell / f"cell.{ending}", tmp_path / f"{name}.{ending}")
    (tmp_path / "w.yaml").write_text("waivers:\n  - {rule: m1.2, cell: cell, whole: true, reason: a pad}\n")
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@pytest.mark.parametrize("command", [command for command in COMMANDS if not why_not(command)])
def test_command(command: str, folder: Path) -> None:
    done = run(["bash", "-euc", command], folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.place)
def test_python(block: Block, folder: Path) -> None:
    text = block.text
    if (block.document.name, first_import(block)) in BLOCKS_NOT_RUN:
        kept = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
        text = "\n".join(map(ast.unparse, kept))
    done = run([sys.executable, "-W", "error", "-c", text], folder)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_not_run_is_there() -> None:
    unused = [start for start in COMMANDS_NOT_RUN if not any(one.startswith(start) for one in COMMANDS)]
    assert not unused
    assert set(BLOCKS_NOT_RUN) <= {(block.document.name, first_import(block)) for block in PYTHON}


def test_documents_have_blocks_of_both_kinds() -> None:
    assert not all(map(why_not, COMMANDS))
    assert PYTHON
