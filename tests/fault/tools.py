#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Runs the tools while one call of theirs fails: the n-th allocation, the n-th call of a
class, with one error or another (fault.h); and while every second call that a signal can
interrupt is interrupted, or reads and writes do one byte. After each run:

    it has ended by itself, within a deadline, without a sanitizer's report;
    its status is one that its page documents;
    a status that tells of failure has a reason on standard error: a line or a few,
    each of the form "tool: what: why";
    success is claimed only when the work was done;
    what a signal or a short read did is not to be seen at all.

    tools.py [--all] [--seed N] [--seconds S] [--only WORD]

As root, or where user namespaces are allowed; in namespaces of its own. --all walks
through every call; else a part of them is taken by the seed, for so long at most. BUILD
names the build directory, FAULT the preloaded library (tests/fault/fault.so there).
Prints TAP.
"""
import argparse
import collections
import concurrent.futures
import os
import queue
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

import scenarios

DEADLINE = 10
N_WORKERS = 4
N_AT_LEAST = 4
BOARD = struct.Struct("II120s")

# Class, errors of which one is taken at each call, and does it go on failing?
FAULTS = [
    ("alloc", ["ENOMEM"], False),
    ("alloc", ["ENOMEM"], True),
    ("socket", ["EMFILE", "ENOMEM", "ENOBUFS"], False),
    ("option", ["ENOMEM"], False),
    ("message", ["ENOBUFS", "ENOMEM"], False),
    ("wait", ["ENOMEM", "EMFILE"], False),
    ("file", ["EMFILE", "EIO", "ENOMEM"], False),
    ("stdio", ["EIO"], False),
    ("thread", ["EAGAIN"], False),
    ("signal", ["EINTR"], False),
]
# What must not be seen; every second call, so that the next one gets through.
UNSEEN = [("signal", "EINTR", 2), ("short", "EINTR", 1)]

Result = collections.namedtuple("Result", "status out err n_calls n_faults where")


class Board:
    """What a run counts, in a file that it maps."""

    def __init__(self, directory):
        fd, self.path = tempfile.mkstemp(dir=directory)
        os.write(fd, bytes(BOARD.size))
        os.close(fd)

    def read(self):
        with open(self.path, "rb") as file:
            n_calls, n_faults, where = BOARD.unpack(file.read(BOARD.size))
        return n_calls, n_faults, where.split(b"\0")[0].decode()

    def clear(self):
        with open(self.path, "r+b") as file:
            file.write(bytes(BOARD.size))


class Lab:
    """Where the tools are, and a place for each worker."""

    def __init__(self, directory):
        self.build = os.environ.get("BUILD", "build")
        self.directory = directory
        self.library = os.environ.get(
            "FAULT", os.path.join(self.build, "tests/fault/fault.so"))
        self.boards = queue.Queue()
        for _ in range(N_WORKERS):
            self.boards.put(Board(directory))

    def run(self, scenario, fault):
        """Once, with these variables of fault.h; fault None: as users do."""
        board = self.boards.get()
        try:
            board.clear()
            return self.run_with(scenario, fault, board)
        finally:
            self.boards.put(board)

    def run_with(self, scenario, fault, board):
        env = dict(os.environ, MSF_FAULT_BOARD=board.path, LC_ALL="C.UTF-8",
                   **scenario.env)
        if fault:
            env.update({"MSF_FAULT_" + key: str(value) for key, value in fault.items()})
            env["MSF_FAULT"] = env.pop("MSF_FAULT_CLASS")
        env["LD_PRELOAD"] = self.library
        env["ASAN_OPTIONS"] = ("verify_asan_link_order=0:exitcode=99:" +
                               env.get("ASAN_OPTIONS", ""))
        status, out, err = scenario.run(self, env)
        return Result(status, out, err, *board.read())

    def find(self, tool):
        folder = "compat" if tool == "msfd" else "tools"
        return os.path.join(self.build, folder, tool, tool)


def find_mistake(scenario, result):
    """What is wrong with the run, or None."""
    if result.status is None:
        return "it does not end"
    if re.search(r"Sanitizer|runtime error:|(^|\n)==\d+==", result.err):
        return "a sanitizer's report"
    if result.status < 0:
        return f"ended by signal {-result.status}"
    if result.status not in scenario.statuses:
        return f"status {result.status} is not documented"
    lines = result.err.splitlines()
    if len(lines) > scenario.n_lines:
        return f"{len(lines)} lines on standard error"
    for line in lines:
        if not scenario.is_chatty and not line.startswith(scenario.tool + ": "):
            return f"a line that does not say who speaks: {line!r}"
    if result.status == 1 and not lines and not scenario.is_answer(result):
        return "it failed, and does not say why"
    if result.status == 0:
        return scenario.find_lie(result)
    return None


class Walk:
    """All calls of a scenario, or some of them."""

    def __init__(self, lab, options, tap):
        self.lab, self.options, self.tap = lab, options, tap
        self.n_faults = 0
        self.pool = concurrent.futures.ThreadPoolExecutor(N_WORKERS)

    def begin(self, scenario):
        plain = self.lab.run(scenario, None)
        mistake = find_mistake(scenario, plain)
        if mistake or plain.status != scenario.status:
            self.tap.say(False, f"{scenario.name}: works where nothing fails",
                         [f"{mistake}: {plain}"])
            return None
        return plain

    def judge(self, scenario, fault, result):
        """What is to be told of it, as lines."""
        mistake = find_mistake(scenario, result)
        if not mistake and fault["CLASS"] in ("signal", "short"):
            mistake = self.find_difference(scenario, result)
        self.n_faults += result.n_faults
        if not mistake:
            return []
        place = " ".join(f"{key}={value}" for key, value in fault.items())
        return [f"{place} ({result.where}): {mistake}",
                *(f"    {line}" for line in result.err.splitlines()[:40])]

    def find_difference(self, scenario, result):
        if result.status != self.plain.status:
            return f"status {result.status}, not {self.plain.status}"
        got, wanted = (scenario.normalise(r.out) for r in (result, self.plain))
        return None if got == wanted else f"another result: {got!r}, not {wanted!r}"

    def walk(self, scenario, deadline):
        self.plain = self.begin(scenario)
        if not self.plain:
            return
        mistakes, n_before = [], self.n_faults
        orders = []
        counts = self.pool.map(
            lambda fault: self.lab.run(scenario, {"CLASS": fault[0]}).n_calls, FAULTS)
        for (name, errors, lasting), n_calls in zip(FAULTS, counts):
            if n_calls:
                # calls may be a few more the next time
                orders += [{"CLASS": name, "AT": n, "LASTING": int(lasting),
                            "ERROR": errors[n % len(errors)]}
                           for n in range(n_calls + 2)]
        n_all = len(orders)
        if not self.options.all:
            random.Random(f"{self.options.seed} {scenario.name}").shuffle(orders)

        def run(place):
            n, fault = place
            if n >= N_AT_LEAST and time.monotonic() > deadline:
                return None
            return self.lab.run(scenario, fault)

        n_runs = 0
        for fault, result in zip(orders, self.pool.map(run, enumerate(orders))):
            if result:
                n_runs += 1
                mistakes += self.judge(scenario, fault, result)
        self.tap.say(not mistakes and n_runs > 0,
                     f"{scenario.name}: fails in order ({n_runs} of {n_all} places, "
                     f"{self.n_faults - n_before} faults)", mistakes)
        self.see_nothing(scenario)
        if self.plain.out and scenario.can_run_into:
            self.fill_up(scenario)

    def see_nothing(self, scenario):
        mistakes = []
        for name, error, every in UNSEEN:
            fault = {"CLASS": name, "ERROR": error, "EVERY": every}
            result = self.lab.run(scenario, fault)
            mistakes += self.judge(scenario, fault, result)
        self.tap.say(not mistakes, f"{scenario.name}: signals and single bytes are "
                     "not to be seen", mistakes)


    def fill_up(self, scenario):
        """Where standard output goes is full, from the first byte or a later one on."""
        mistakes = []
        size = len(self.plain.out) // 2 # the next run may have less to say
        limits = range(size) if self.options.all else \
            random.Random(self.options.seed).sample(range(size), min(size, 2))
        limits = [limit for limit in limits if size < 200 or limit % 23 == 0 or
                  not self.options.all]

        def run(limit):
            with tempfile.TemporaryFile(dir=self.lab.directory) as out:
                return scenario.run_into(self.lab, out, limit)

        results = [(f"after {limit} bytes", result)
                   for limit, result in zip(limits, self.pool.map(run, limits))]
        with open("/dev/full", "w") as out:
            results += [("/dev/full", scenario.run_into(self.lab, out))]
        for where, (status, err) in results:
            self.n_faults += 1
            lines = [line for line in err.splitlines()
                     if line.startswith(scenario.tool + ": ") and "warning" not in line]
            if status in (None, 0) or status < 0 or len(lines) != 1:
                mistakes += [f"{where}: status {status}, {err!r}"]
        self.tap.say(not mistakes, f"{scenario.name}: tells that its output is full "
                     f"({len(results)} places)", mistakes)


class Tap:
    def __init__(self):
        self.n_tests = self.n_failed = 0

    def say(self, is_ok, what, comments=()):
        self.n_tests += 1
        self.n_failed += not is_ok
        print(("ok" if is_ok else "not ok"), self.n_tests, "-", what)
        for comment in comments[:200]:
            print("#", comment)
        sys.stdout.flush()


def enter_namespaces():
    """The first process of PID, mount and network namespaces: all ends with it."""
    if os.environ.get("MSF_FAULT_INSIDE"):
        return
    os.environ["MSF_FAULT_INSIDE"] = "1"
    user = [] if os.geteuid() == 0 else ["-Ur"]
    os.execvp("unshare", ["unshare", *user, "-nmp", "--fork", "--mount-proc",
                          "--kill-child", sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", default=str(time.time_ns() % 100000))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    enter_namespaces()
    tap = Tap()
    print("# seed", options.seed)
    with tempfile.TemporaryDirectory() as directory:
        lab = Lab(directory)
        walk = Walk(lab, options, tap)
        with scenarios.Links(lab) as links:
            chosen = [s for s in scenarios.make(lab, links) if options.only in s.name]
            begin = time.monotonic()
            for i, scenario in enumerate(chosen):
                share = options.seconds * (i + 1) / len(chosen)
                walk.walk(scenario, float("inf") if options.all else begin + share)
    print(f"1..{tap.n_tests}")
    print(f"# {walk.n_faults} faults injected")
    return tap.n_failed > 0


if __name__ == "__main__":
    sys.exit(main())
