"""Cells built once a test run, whichever test or process of the run asks first."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

from filelock import FileLock
from mirrorneuron.flows.build import Built, build
from mirrorneuron.generators.spec import CellSpec


def once(spec: CellSpec, folder: Path) -> Built:
    """The files of a cell, kept in `folder` by its spec; tests read them and leave them as they are."""
    text = f"{type(spec).__name__} {spec.model_dump_json()}"
    own = folder / f"{spec.name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    kept = own / "built"
    folder.mkdir(exist_ok=True)
    with FileLock(own.with_suffix(".lock")):
        if not kept.is_file():
            own.mkdir()
            kept.write_bytes(pickle.dumps(build(spec, own)))
    built = pickle.loads(kept.read_bytes())
    assert isinstance(built, Built)
    return built
