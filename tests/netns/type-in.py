#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
type-in.py [AWAIT KEYS]... -- COMMAND...

Runs COMMAND on a terminal of its own and plays a person: waits until AWAIT was
printed behind what was awaited before, then types KEYS (with escapes: \\t, \\x03,
\\n); <TERM> is no key but that signal, for the command.
Prints everything that the terminal showed; ends with the command's status, 128 + N
when a signal ended it, or 99 when what was awaited did not come.
"""
import os
import pty
import select
import signal
import sys
import termios
import time

DEADLINE = 15  # seconds that a step may take


def read_some(fd, until):
    """What the terminal shows next; empty at its end or when time is over."""
    left = max(until - time.monotonic(), 0)
    if not select.select([fd], [], [], left)[0]:
        return b""
    try:
        return os.read(fd, 65536)
    except OSError:  # the other end is closed
        return b""


def is_ready(fd, awaited):
    """Behind a prompt: whether lines are edited, no longer by the terminal itself."""
    return not awaited.endswith(b"> ") or not termios.tcgetattr(fd)[3] & termios.ICANON


def play(fd, pid, steps):
    """Types; true when all that was awaited came."""
    shown = b""
    for awaited, keys in steps:
        until = time.monotonic() + DEADLINE
        while awaited not in shown:
            some = read_some(fd, until)
            if not some:
                return False
            sys.stdout.buffer.write(some)
            shown += some
        shown = shown[shown.index(awaited) + len(awaited):]
        while not is_ready(fd, awaited) and time.monotonic() < until:
            time.sleep(0.005)
        if keys == b"<TERM>":
            os.kill(pid, signal.SIGTERM)
        else:
            os.write(fd, keys)
    return True


def finish(fd, pid):
    """Reads to the end and reaps."""
    until = time.monotonic() + DEADLINE
    some = b"-"
    while some:
        some = read_some(fd, until)
        sys.stdout.buffer.write(some)
    while time.monotonic() < until:
        reaped, status = os.waitpid(pid, os.WNOHANG)
        if reaped:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return 99


def main(words):
    """The steps, then the command."""
    at = words.index("--")
    texts = [word.encode().decode("unicode_escape").encode() for word in words[:at]]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(words[at + 1], words[at + 1:])
    was_played = play(fd, pid, list(zip(texts[::2], texts[1::2])))
    if not was_played:
        os.kill(pid, 9)
    status = finish(fd, pid)
    sys.stdout.flush()
    if not was_played:
        return 99
    return status if status >= 0 else 128 - status


sys.exit(main(sys.argv[1:]))
