"""Reports for a CI system: JUnit XML, and Markdown for a summary page. They hold no times: same result, same report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from mirrorneuron.flows.results.check import Check

__all__ = ["junit", "markdown"]

# What XML 1.0 cannot hold, not even escaped.
_NO_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: Final = {0: "passed", 1: "failed"}


def junit(title: str, checks: Sequence[Check], status: int, message: str | None = None) -> str:
    """JUnit XML: one suite with a case for each check, and a case in error if the command did not run to its end.

    Parameters
    ----------
    status
        The command's exit status: 0 passed, 1 failed, otherwise there is no verdict.
    message
        Why there is none, or another message.
    """
    failures = [check for check in checks if not check.passed]
    # A status that no check accounts for must not look like a pass.
    broken = status not in _WORDS or (status == 1 and not failures)
    skipped = sum(check.skipped for check in checks)
    counts = {"tests": len(checks) + broken, "failures": len(failures), "errors": int(broken), "skipped": skipped}
    attributes = {key: str(value) for key, value in counts.items()}
    suites = ElementTree.Element("testsuites", attributes)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": _clean(title), **attributes})
    for check in checks:
        case = ElementTree.SubElement(suite, "testcase", {"classname": check.step, "name": _clean(check.name)})
        if not check.passed:
            failure = ElementTree.SubElement(case, "failure", {"message": _clean(_summary(check))})
            failure.text = _clean(check.detail)
        elif check.skipped:
            ElementTree.SubElement(case, "skipped", {"message": _clean(check.detail)})
    if broken:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "mirrorneuron", "name": "ran"})
        ElementTree.SubElement(case, "error", {"message": _clean(message or f"exit status {status}")})
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def markdown(title: str, checks: Sequence[Check], status: int, message: str | None = None) -> str:
    """Markdown: the verdict and a table of the checks, failed ones first, then skipped ones."""
    verdict = _WORDS.get(status, f"no verdict (exit status {status})")
    lines = [f"## {_cell(title)}: {verdict}", ""]
    if message:
        lines += [_cell(message), ""]
    if checks:
        lines += ["| | step | check | value | limit | |", "|---|---|---|---:|---:|---|"]
    for check in sorted(checks, key=lambda check: (check.passed, not check.skipped)):
        mark = "**failed**" if not check.passed else "skipped" if check.skipped else "ok"
        value, limit = (_cell(_number(each, check.unit)) for each in (check.value, check.limit))
        cells = (mark, check.step, _cell(check.name), value, limit, _cell(check.detail))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines).rstrip() + "\n\n"


def _summary(check: Check) -> str:
    value, limit = (_number(each, check.unit) for each in (check.value, check.limit))
    return f"{check.name}{f': {value}' if value else ''}{f' (limit {limit})' if limit else ''}"


def _number(value: float | str | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value:.4g} {unit}".rstrip() if isinstance(value, float) else f"{value} {unit}".rstrip()


def _cell(text: str) -> str:
    """Text that is no Markdown and no HTML, on one line."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(_clean(text).split()))
    return escaped.replace("\\<", "&lt;").replace("\\>", "&gt;")


def _clean(text: str) -> str:
    return _NO_XML.sub("?", text)
