"""The LVS deck on many layouts in one run of KLayout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mirrorneuron.flows import tools
from mirrorneuron.lvs import DECK

_SCRIPT: Final = Path(__file__).with_suffix(".rb")
_TIMEOUT_S: Final = 900.0


def evidence(pairs: Mapping[str, tuple[Path, Path]], work: Path) -> dict[str, dict[str, Any]]:
    """KLayout's evidence on each layout and its netlist, by the pair's name; its files go to the folder `work`."""
    left = {name: work / f"evidence{number}.json" for number, name in enumerate(pairs)}
    lines = [f"{gds}\t{spice}\t{left[name]}\n" for name, (gds, spice) in pairs.items()]
    every = work / "list"
    every.write_text("".join(lines))
    arguments = ["-b", "-r", _SCRIPT, "-rd", f"deck={DECK}", "-rd", f"list={every}"]
    tools.run("klayout", arguments, cwd=work, log=work / "klayout.log", timeout_s=_TIMEOUT_S)
    return {name: json.loads(path.read_text()) for name, path in left.items()}
