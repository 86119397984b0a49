"""Running a Tcl script in Magic, with evidence that it ran to its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from mirrorneuron.flows import tools
from mirrorneuron.pdk_sky130.errors import EvidenceError, ToolFailedError
from mirrorneuron.pdk_sky130.install import Pdk
from mirrorneuron.pdk_sky130.technology import magic

__all__ = ["run_script"]

_DONE = "mirrorneuron: script done"
_FAILED = "mirrorneuron: script failed:"
_TECH_COMPLAINT = re.compile(r"^\S.*: line \d+: section .*", re.MULTILINE)


def run_script(
    pdk: Pdk, body: str, *, name: str, work: Path, timeout_s: float, env: Mapping[str, str] | None = None
) -> tools.Completed:
    """Run `body` in Magic with the SKY130 technology loaded and nothing else sourced.

    Parameters
    ----------
    body
        Tcl. Names and paths belong into `env` (read them as ``$env(NAME)``), so that no quoting is needed.
    name
        Stem of ``name.tcl`` and ``name.log``, which are left in `work`, the folder that the script runs in.

    Raises
    ------
    ToolFailedError
        Magic crashed, or a Tcl error ended the script.
    EvidenceError
        Magic ended without reaching the script's end, or did not understand the technology file.
    MissingToolError, ToolTimeoutError
    """
    work.mkdir(parents=True, exist_ok=True)
    technology = magic.technology(pdk, tools.version("magic"), work)
    # An rc file of our own keeps the user's and the current folder's .magicrc out.
    (work / f"{name}.rc").write_text("")
    script = work / f"{name}.tcl"
    script.write_text(
        f"if {{[catch {{\n{body}\n}} message]}} {{\n"
        f'    puts stderr "{_FAILED} $message"\n'
        f'}} else {{\n    puts stdout "{_DONE}"\n}}\n'
        "flush stdout\nflush stderr\nquit -noprompt\n"
    )
    log = work / f"{name}.log"
    done = tools.run(
        "magic",
        ("-dnull", "-noconsole", "-rcfile", f"{name}.rc", "-T", technology.resolve(), script.name),
        cwd=work,
        log=log,
        timeout_s=timeout_s,
        env=env,
    )
    failed = re.search(rf"^{_FAILED}\s*(.*)", done.stderr, re.MULTILINE)
    if failed:
        raise ToolFailedError(f"Magic stopped in its script {script.name}: {failed.group(1)} (log: {log}, {log}.err)")
    complaint = _TECH_COMPLAINT.search(done.stderr)
    if complaint:
        raise EvidenceError(f"Magic does not understand its technology file: {complaint.group(0)} (log: {log}.err)")
    if _DONE not in done.stdout.splitlines():
        raise EvidenceError(f"Magic ended before its script {script.name} did (log: {log}, {log}.err)")
    return done
