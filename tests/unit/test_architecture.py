"""The rooms keep their order: imports run downwards only, files and functions stay small, names mean one thing."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("flows", "generators", "lvs", "pdk_sky130")
TOP: Final = "mirrorneuron"

LAYERS: Final = (
    ("flows.cli",),
    # Former places of modules that README and docs of earlier versions import.
    (
        "flows.executor",
        "flows.executor_dask",
        "flows.sampling",
        "flows.statistics",
        "flows.sweep",
        "flows.testbenches.bench",
        "generators.neuron",
    ),
    ("flows.compare",),
    ("flows.characterize", "flows.datasheet", "flows.signoff"),
    ("flows.steps.cell",),
    ("flows.steps",),
    ("flows.testbenches",),
    ("flows.judge", "flows.build"),
    ("flows.testbench",),
    ("flows.drc", "flows.lvs", "flows.matching"),
    ("flows.reports",),
    ("flows.variation",),
    ("flows.compute",),
    ("flows.results",),
    ("flows.simulate",),
    ("flows.extract",),
    ("flows.tools.doctor", "flows.tools.provenance", "flows.tools.magic"),
    ("flows.tools",),
    ("generators.catalog",),
    ("generators.cells",),
    ("generators.cell",),
    ("generators.blocks",),
    ("generators.primitives",),
    ("generators.circuit",),
    ("generators.units",),
    ("generators.placement",),
    ("generators.hand", "generators.spec"),
    ("pdk_sky130.technology", "pdk_sky130.models"),
    ("pdk_sky130.spice",),
    ("pdk_sky130.devices",),
    ("pdk_sky130.rules", "pdk_sky130.layers", "pdk_sky130.install"),
    ("pdk_sky130.errors", "pdk_sky130.constants"),
    ("lvs",),
)
"""From the roof to the ground. A name covers a module, or a package with all that is in it; the longest one counts.
Names side by side are neighbours that do not import each other. Packages without code are open to all."""

MOST_LINES: Final = 400
MOST_ARGUMENTS: Final = 7
MANY_ARGUMENTS: Final = {"flows.cli.measure.characterize": "typer takes a command's options from its signature"}
VAGUE: Final = frozenset({"chosen", "found", "one", "some", "told"})
SAME_NAME: Final[dict[str, str]] = {}
"""Classes of one name in several modules that are the same idea, each with the reason."""

Sources = Mapping[str, str]
"""Text by module, the top package's name left out: ``flows.drc`` is ``flows/drc/__init__.py``."""


def sources() -> dict[str, str]:
    """Every module of the rooms; the top package is ``mirrorneuron``."""
    texts = {TOP: (ROOT / TOP / "__init__.py").read_text(encoding="utf-8")}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            texts[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return texts


@cache
def tree(text: str) -> ast.Module:
    """A module's syntax tree, parsed once for all rules."""
    return ast.parse(text)


def packages(modules: Iterable[str]) -> set[str]:
    """The modules that hold others."""
    return {module.rpartition(".")[0] for module in modules} - {""}


# Imports


def imports(modules: Sources) -> dict[str, set[str]]:
    """The modules of ours that each module imports, anywhere in it, also for type checking alone."""
    return {module: set(_imported(module, text, modules)) - {module} for module, text in modules.items()}


def _imported(module: str, text: str, modules: Sources) -> Iterable[str]:
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _ours(alias.name, modules)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node, modules)
            for alias in node.names:
                yield from _ours(f"{base}.{alias.name}", modules) or _ours(base, modules)


def _base(module: str, node: ast.ImportFrom, modules: Sources) -> str:
    """The absolute name that a ``from`` names."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts if module in packages(modules) else parts[:-1]
    above = package[: len(package) - node.level + 1]
    return ".".join([TOP, *above, *([node.module] if node.module else [])])


def _ours(name: str, modules: Sources) -> list[str]:
    """The module that an absolute name stands for, if it is one of ours."""
    own = name if name == TOP else name.removeprefix(f"{TOP}.")
    return [own] if own in modules and (own != name or name == TOP) else []


def layer_of(module: str) -> int | None:
    """The number of a module's layer, from the roof."""
    names = [(len(name), k) for k, row in enumerate(LAYERS) for name in row if f"{module}.".startswith(f"{name}.")]
    return max(names)[1] if names else None


def neighbour_of(module: str) -> str:
    """The name in `LAYERS` that covers a module."""
    return max((name for row in LAYERS for name in row if f"{module}.".startswith(f"{name}.")), key=len)


def is_code(text: str) -> bool:
    """Whether there is more in a module than its docstring."""
    return any(not isinstance(node, ast.Expr) for node in tree(text).body)


def unlisted(modules: Sources) -> list[str]:
    """Modules with code and no layer."""
    return [module for module, text in modules.items() if layer_of(module) is None and module != TOP and is_code(text)]


def empty(modules: Sources) -> list[str]:
    """Names in `LAYERS` without any code."""
    covered = {
        neighbour_of(module) for module, text in modules.items() if layer_of(module) is not None and is_code(text)
    }
    covered |= {name for row in LAYERS for name in row if name in packages(modules) and name in ROOMS}
    return [name for row in LAYERS for name in row if name not in covered]


def upwards(modules: Sources) -> list[str]:
    """Imports that do not run downwards."""
    return [
        f"{module} imports {other}"
        for module, others in imports(modules).items()
        for other in sorted(others)
        if not _is_downwards(module, other, modules)
    ]


def _is_downwards(module: str, other: str, modules: Sources) -> bool:
    if other == TOP or not is_code(modules[other]):
        return True  # the version, or a package without code
    here, there = layer_of(module), layer_of(other)
    if here is None or there is None:
        return False
    return there > here or (there == here and neighbour_of(module) == neighbour_of(other))


def circles(modules: Sources) -> list[str]:
    """Modules that import each other, directly or through others."""
    graph = imports(modules)
    reach = {module: _reachable(module, graph) for module in graph}
    return sorted(module for module in graph if module in reach[module])


def _reachable(module: str, graph: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [*graph[module]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph[name]
    return reached


# Sizes and names


def long_files(modules: Sources) -> list[str]:
    """Modules with too many lines."""
    counts = {module: len(text.splitlines()) for module, text in modules.items()}
    return [f"{module}: {count} lines" for module, count in counts.items() if count > MOST_LINES]


def many_arguments(modules: Sources) -> list[str]:
    """Functions with too many arguments, ``self`` and ``cls`` not counted."""
    return [
        f"{module}.{node.name}: {count} arguments"
        for module, text in modules.items()
        for node in ast.walk(tree(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (count := _count(node.args)) > MOST_ARGUMENTS and f"{module}.{node.name}" not in MANY_ARGUMENTS
    ]


def _count(arguments: ast.arguments) -> int:
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return sum(argument.arg not in {"self", "cls"} for argument in plain) + len(extra)


def same_names(modules: Sources) -> list[str]:
    """Classes whose name, without leading underscores, another module's class has too."""
    return [
        f"{name}: {', '.join(sorted(homes))}"
        for name, homes in sorted(homes_of_classes(modules).items())
        if len(homes) > 1 and name not in SAME_NAME
    ]


def homes_of_classes(modules: Sources) -> dict[str, set[str]]:
    """The modules that define a class, by its name without leading underscores."""
    homes: dict[str, set[str]] = {}
    for module, text in modules.items():
        for node in ast.walk(tree(text)):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name.lstrip("_"), set()).add(module)
    return homes


def vague_names(modules: Sources) -> list[str]:
    """Variables, parameters, functions and classes whose name says nothing."""
    return [
        f"{module}: {name}"
        for module, text in modules.items()
        for name in sorted(_defined(tree(text)))
        if name.strip("_").lower() in VAGUE
    ]


def _defined(module: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


def unpacked(modules: Sources, listed: Iterable[str]) -> list[str]:
    """Packages that pyproject.toml does not list, and listed ones that are not there."""
    there = {TOP, *(f"{TOP}.{name}" for name in packages(modules) | {m for m in modules if m in ROOMS})}
    return sorted(there ^ set(listed))


# The rooms as they are


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    return sources()


RULES: Final[tuple[Callable[[Sources], list[str]], ...]] = (
    unlisted,
    empty,
    upwards,
    circles,
    long_files,
    many_arguments,
    same_names,
    vague_names,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rooms_keep_the_rule(rule: Callable[[Sources], list[str]], modules: Sources) -> None:
    assert rule(modules) == []


def test_every_package_is_installed(modules: Sources) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert unpacked(modules, project["tool"]["setuptools"]["packages"]) == []


def test_exceptions_are_still_needed(modules: Sources) -> None:
    for name in MANY_ARGUMENTS:
        module, _, function = name.rpartition(".")
        assert f"def {function}(" in modules[module], name
    classes = [
        node.name.lstrip("_")
        for text in modules.values()
        for node in ast.walk(tree(text))
        if isinstance(node, ast.ClassDef)
    ]
    assert all(classes.count(name) > 1 for name in SAME_NAME)


# The rules catch what they must


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("flows.tools.run", "from mirrorneuron.flows import judge"),
        ("flows.tools.run", "from mirrorneuron.flows.judge import Target"),
        ("flows.tools.run", "import mirrorneuron.flows.judge"),
        ("flows.tools.run", "from .. import judge"),
        ("flows.tools", "from ..judge import Target"),
        ("flows.tools.run", "def f():\n    from mirrorneuron.flows import judge"),
        ("flows.tools.run", "if TYPE_CHECKING:\n    from mirrorneuron.flows.judge import Target"),
        ("pdk_sky130.errors", "from mirrorneuron.flows.judge import Target"),
        ("flows.build", "from mirrorneuron.flows import judge"),  # a neighbour
    ],
)
def test_an_import_upwards_is_caught(module: str, text: str) -> None:
    planted = {"flows": '"""Steps."""', "flows.judge": "Target = 1", "flows.tools": "x = 1", "flows.tools.run": "x = 1"}
    assert upwards(planted) == []
    assert upwards({**planted, module: text}) == [f"{module} imports flows.judge"]


def test_imports_downwards_and_within_a_room_are_free() -> None:
    planted = {
        "mirrorneuron": "version = 1",
        "flows": '"""Steps."""',
        "flows.judge": "import yaml\nfrom mirrorneuron import flows\nfrom mirrorneuron.flows.tools import run, store",
        "flows.tools": "from mirrorneuron.flows.tools.run import run",
        "flows.tools.run": "from mirrorneuron.pdk_sky130.errors import E\nfrom mirrorneuron import version",
        "pdk_sky130.errors": "E = 1",
    }
    assert imports(planted)["flows.judge"] == {"flows", "flows.tools", "flows.tools.run"}
    assert upwards(planted) == circles(planted) == []


def test_a_circle_is_caught() -> None:
    planted = {
        "flows.lvs.a": "from mirrorneuron.flows.lvs import b",
        "flows.lvs.b": "def f():\n    from mirrorneuron.flows.lvs.c import x",
        "flows.lvs.c": "if TYPE_CHECKING:\n    from . import a",
        "flows.lvs.d": "from mirrorneuron.flows.lvs import a",
        "flows.lvs": "y = 1",
    }
    assert circles(planted) == ["flows.lvs.a", "flows.lvs.b", "flows.lvs.c"]


def test_a_module_without_a_layer_is_caught() -> None:
    planted = {
        "flows": '"""Steps."""',
        "flows.news": "x = 1",
        "flows.newsletter.page": "x = 1",
        "flows.lvs.run": "x = 1",
    }
    assert unlisted(planted) == ["flows.news", "flows.newsletter.page"]


def test_an_empty_room_is_caught(modules: Sources) -> None:
    without = {module: text for module, text in modules.items() if not module.startswith("flows.extract")}
    assert empty(without) == ["flows.extract"]
    assert empty({**without, "flows.extract": '"""To come."""'}) == ["flows.extract"]


def test_a_long_file_is_caught() -> None:
    assert long_files({"flows.a": "x = 1\n" * 400, "flows.b": "x = 1\n" * 401}) == ["flows.b: 401 lines"]


def test_many_arguments_are_caught() -> None:
    text = "class C:\n    def f(self, a, b, c, d, e, f, g): ...\n    def h(self, a, b, /, c, *d, e, f, g, **i): ...\n"
    assert many_arguments({"flows.a": text}) == ["flows.a.h: 8 arguments"]
    assert many_arguments({"flows.cli.measure": "def characterize(a, b, c, d, e, f, g, h): ..."}) == []


def test_two_classes_of_one_name_are_caught() -> None:
    planted = {"flows.a": "class _Job: ...", "flows.b": "def f():\n    class Job: ...", "flows.c": "class Jobs: ..."}
    assert same_names(planted) == ["Job: flows.a, flows.b"]


def test_a_package_that_is_not_listed_is_caught() -> None:
    planted = {"mirrorneuron": "", "lvs": "", "flows": "", "flows.cli": "", "flows.cli.main": ""}
    listed = ["mirrorneuron", "mirrorneuron.lvs", "mirrorneuron.flows"]
    assert unpacked(planted, listed) == ["mirrorneuron.flows.cli"]
    assert unpacked(planted, [*listed, "mirrorneuron.flows.cli", "mirrorneuron.gone"]) == ["mirrorneuron.gone"]


def test_a_vague_name_is_caught() -> None:
    text = "def f(told):\n    for one in told:\n        self.found = one\n\nclass Some: ...\nfounder = 1"
    assert vague_names({"flows.judge": text}) == [f"flows.judge: {name}" for name in ("Some", "found", "one", "told")]
