#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
screen.py [STEP]... -- COMMAND...

Runs COMMAND on a terminal of its own, 80x24 at first, and plays a person who looks at
the screen (rendered by pyte). The steps, one after the other:

await:REGEX  until a line of the screen matches
gone:REGEX   until no line does
keys:KEYS    types, with escapes (\\x1b, \\x03, \\r)
quiet:S      until nothing was written for so many seconds
size:80x24   the terminal gets another size, and the command SIGWINCH
signal:TERM  for the command
show:NAME    prints the screen, each line behind "NAME|"
colours:NAME prints what has a colour or another look: "NAME|red+bold|text"
disturb:TEXT somebody else writes on the terminal (with escapes)
hangup:      closes the terminal

At the end prints "restored", if the terminal has its modes back and the screen that was
there before is shown again, else what is missing; then "status N" (128 + N: by a
signal). Status 99, with the screen, when something did not come.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pyte

DEADLINE = 15  # seconds that a step may take
QUIET = 0.05  # seconds without anything new: the screen is whole


class Screen(pyte.Screen):
    """With what pyte does not know: REP, SU and SD (ECMA-48 8.3.103, 147, 113)."""

    last = " "

    def draw(self, data):
        self.last = data[-1:] or self.last
        super().draw(data)

    def repeat(self, count=1):
        """Once more what was drawn last."""
        self.draw(self.last * count)

    def at_top(self, change, count):
        """A change that begins at the first line that scrolls."""
        row, column = self.cursor.y, self.cursor.x
        self.cursor.y = self.margins.top if self.margins else 0
        change(count)
        self.cursor.y, self.cursor.x = row, column

    def scroll_up(self, count=1):
        """Lines go at the top."""
        self.at_top(self.delete_lines, count)

    def scroll_down(self, count=1):
        """Lines come at the top."""
        self.at_top(self.insert_lines, count)


class Stream(pyte.ByteStream):
    """The same."""

    own = {"b": "repeat", "S": "scroll_up", "T": "scroll_down"}
    csi = {**pyte.ByteStream.csi, **own}
    events = pyte.ByteStream.events | set(own.values())


def start(command):
    """With signals as on a terminal: shells ignore some for background jobs."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)


class Person:
    """Somebody in front of a terminal."""

    def __init__(self, command):
        self.screen = Screen(80, 24)
        self.stream = Stream(self.screen)
        self.shown = b""
        wait, go = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.read(wait, 1)
            start(command)
        self.modes = termios.tcgetattr(self.fd)
        self.size("80x24")
        # Before that the command must not touch the terminal.
        os.write(go, b"!")
        os.close(go)
        os.close(wait)

    def read(self, until):
        """What comes next, onto the screen; false at its end or when time is over."""
        left = max(until - time.monotonic(), 0)
        if self.fd < 0 or not select.select([self.fd], [], [], left)[0]:
            return False
        try:
            some = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            some = b""
        self.shown += some
        self.stream.feed(some)
        return bool(some)

    def has(self, regex):
        """Is it to be seen?"""
        return any(re.search(regex, line.rstrip()) for line in self.screen.display)

    def wait(self, regex, is_there):
        """Until it is to be seen, or no more."""
        until = time.monotonic() + DEADLINE
        while self.has(regex) != is_there:
            if not self.read(until):
                return False
        return True

    def size(self, text):
        """Another size for the terminal."""
        columns, rows = (int(number) for number in text.split("x"))
        self.screen.resize(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, size)

    def settle(self, quiet=QUIET):
        """Until all of it is there that was drawn at once."""
        until = time.monotonic() + DEADLINE
        while self.read(min(until, time.monotonic() + quiet)):
            pass

    def show(self, name):
        """Prints the screen."""
        self.settle()
        for line in self.screen.display:
            print(f"{name}|{line.rstrip()}")

    def colours(self, name):
        """Prints texts that do not look plain."""
        self.settle()
        for row in range(self.screen.lines):
            runs = []
            for column in range(self.screen.columns):
                cell = self.screen.buffer[row][column]
                look = [cell.fg] if cell.fg != "default" else []
                look += ["bold"] if cell.bold else []
                look += ["reverse"] if cell.reverse else []
                if not runs or runs[-1][0] != look:
                    runs.append([look, ""])
                runs[-1][1] += cell.data
            for look, text in runs:
                if look:
                    print(f"{name}|{'+'.join(look)}|{text.rstrip()}")

    def hang_up(self):
        """The terminal is gone."""
        os.close(self.fd)
        self.fd = -1

    def do(self, step):
        """One step; false: what was awaited did not come."""
        what, text = step.split(":", 1)
        if what in ("await", "gone"):
            return self.wait(text, what == "await")
        if what == "keys":
            os.write(self.fd, text.encode().decode("unicode_escape").encode())
        elif what == "quiet":
            self.settle(float(text))
        elif what == "size":
            self.size(text)
        elif what == "signal":
            os.kill(self.pid, signal.Signals["SIG" + text])
        elif what == "show":
            self.show(text)
        elif what == "colours":
            self.colours(text)
        elif what == "disturb":
            self.stream.feed(text.encode().decode("unicode_escape").encode())
        elif what == "hangup":
            self.hang_up()
        else:
            sys.exit(f"screen.py: no such step: {step}")
        return True

    def check_terminal(self):
        """Is it as it was?"""
        if self.fd < 0:
            return "hung up"
        missing = []
        if termios.tcgetattr(self.fd) != self.modes:
            missing.append(f"the modes were {self.modes}")
        if self.shown.rfind(b"\x1b[?1049h") > self.shown.rfind(b"\x1b[?1049l"):
            missing.append("the other screen is still shown")
        if self.shown.rfind(b"\x1b[?25l") > self.shown.rfind(b"\x1b[?25h"):
            missing.append("the cursor is still hidden")
        return ", ".join(missing) or "restored"

    def finish(self):
        """Reads to the end and reaps."""
        until = time.monotonic() + DEADLINE
        reaped = 0
        while not reaped and time.monotonic() < until:
            self.read(time.monotonic() + 0.02)
            if self.fd < 0:
                time.sleep(0.02)
            reaped, status = os.waitpid(self.pid, os.WNOHANG)
        if not reaped:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return 99
        while self.read(time.monotonic()):
            pass
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code


def main(words):
    """The steps, then the command."""
    at = words.index("--")
    person = Person(words[at + 1:])
    for step in words[:at]:
        if not person.do(step):
            print(f"in vain: {step}")
            person.show("screen")
            os.kill(person.pid, signal.SIGKILL)
            person.finish()
            return 99
    status = person.finish()
    person.show("end")
    print(person.check_terminal())
    print(f"status {status}")
    return 99 if status == 99 else 0


sys.exit(main(sys.argv[1:]))
