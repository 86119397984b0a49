"""Programs in place of the tools, for what a tool does when it breaks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mirrorneuron.flows.tools import TOOLS

Program = Callable[[str, str], None]
"""``program("klayout", body)`` puts a Python script in a tool's place."""


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, *, version: str) -> Program:
    """Puts scripts in the tools' places, in `folder`; each tells `version`.

    In a script ``arguments`` is its command line, and ``given`` the variables of KLayout's ``-rd name=value``.
    """

    def put(tool: str, body: str) -> None:
        script = folder / f"fake_{tool}"
        script.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\narguments = sys.argv[1:]\n"
            f"if arguments == ['--version']:\n    print({version!r})\n    sys.exit(0)\n"
            "given = dict(word.split('=', 1) for word in arguments if '=' in word)\n" + body
        )
        script.chmod(0o755)
        monkeypatch.setenv(TOOLS[tool].variable, str(script))

    return put
