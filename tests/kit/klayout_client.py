"""Stands in KLayout's place: hands a deck to the session's running KLayout; run as a script, without site packages.

What is no plain ``klayout -b -r DECK -rd name=value ...``, and a deck that calls ``exit``, goes to a KLayout of its
own.
"""

import json
import os
import re
import signal
import socket
import sys
from pathlib import Path


def _variables(words):
    """The variables of ``-rd name=value ...``; None if anything else stands among them."""
    if len(words) % 2 or any(word != "-rd" for word in words[::2]):
        return None
    return dict(word.split("=", 1) for word in words[1::2])


def _ask(path, deck, variables):
    request = {"cwd": str(Path.cwd()), "deck": str(deck), "variables": variables}
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(path)
        for descriptor in (1, 2):
            socket.send_fds(link, [b"\0"], [descriptor])
        link.sendall(json.dumps(request).encode() + b"\n")
        return int(link.recv(16) or 1)


def main(klayout, path, *arguments):
    deck = Path(arguments[2]).absolute() if arguments[:2] == ("-b", "-r") else None
    variables = _variables(arguments[3:]) if deck and deck.is_file() else None
    if variables is None or re.search(r"^\s*exit\b", deck.read_text(), re.MULTILINE):
        os.execv(klayout, [klayout, *arguments])
    status = _ask(path, deck, variables)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
