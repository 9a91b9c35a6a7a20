#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Random histories of several processes on two hosts at once, and a switch between them and
a sender, or a router, as the referee. After each step it must know of both hosts what
is right, which is computed here; and a switch has to let through to them what they
want, and nothing else.

    mdb-history.py [--seed N] [--steps N] [--older [--then SHELL]] [--quiet N]
                   REFEREE SENDER HOST...

    --older     it speaks IGMPv2 and MLDv1, which know nothing of sources
    --then      what makes it speak IGMPv3 and MLDv2 at the end
    --quiet     seconds at the end: longer than it remembers what is not confirmed
    REFEREE     the namespace of the switch, whose bridge is br0; or frr=PATH, a router of
                IPv4 only (see mdb.Router)
    SENDER      its namespace; "-": none
    HOST        NAMESPACE=PORT of the referee[=WORDS in front of each program]

A history is that of its seed, whatever comes in between.
"""
import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

import mdb

N_PROCESSES = 4
SOCKETS = {"a4": "4", "b4": "4", "a6": "6", "b6": "46"}  # families of their groups
SOURCES = {"4": [f"10.9.0.{i}" for i in (1, 2, 3, 4)],
           "6": [f"fd09::{i}" for i in (1, 2, 3, 4)]}
# In the source-specific range hosts do not tell of EXCLUDE (RFC 4604 2.2), so nobody
# asks for it there.
GROUPS = {"4": ["239.1.1.1", "239.1.1.2", "232.1.1.1"],
          "6": ["ff15::1", "ff15::2", "ff35::1"]}
SOURCE_SPECIFIC = {"232.1.1.1", "ff35::1"}
ALL_GROUPS = GROUPS["4"] + GROUPS["6"]

VERBS = {None: ["join", "join_source", "join_source"],
         "include": ["join_source", "join_source", "leave_source", "include", "exclude",
                     "leave"],
         "exclude": ["block", "block", "unblock", "include", "exclude", "leave"]}
ANY_VERB = ["join", "leave", "join_source", "leave_source", "block", "unblock", "include",
            "exclude"]
OK, NO_ADDRESS, INVALID, IN_USE = "0", "EADDRNOTAVAIL", "EINVAL", "EADDRINUSE"


def apply(old, verb, sources):
    """What a request makes of the filter of a socket, (mode, sources) or None, on Linux:
    the errno and the new filter. It refuses the pair that Linux answers wrongly."""
    mode, held = old or (None, frozenset())
    given = frozenset(sources)
    if verb == "leave":
        return (OK, None) if old else (NO_ADDRESS, old)
    if verb == "join":
        return (IN_USE, old) if old else (OK, ("exclude", frozenset()))
    if verb in ("include", "exclude"):
        if not old:
            return (NO_ADDRESS if (verb, given) == ("include", frozenset()) else INVALID,
                    old)
        return OK, (verb, given) if verb == "exclude" or given else None
    if verb == "join_source" and old in (None, ("exclude", frozenset())):
        return OK, ("include", given)
    if verb == "leave_source" and old == ("exclude", frozenset()):
        return None, None  # the kernel refuses it, and yet changes its state
    if mode != {"join_source": "include", "leave_source": "include"}.get(verb, "exclude"):
        return INVALID, old
    adds = verb in ("join_source", "block")
    if adds == (given <= held):
        return NO_ADDRESS, old
    changed = held | given if adds else held - given
    return OK, (mode, changed) if mode == "exclude" or changed else None


class Model:
    """What every socket of every process holds: {(process, socket, group): filter}."""

    def __init__(self, seed, families, is_older):
        self.is_older = is_older
        self.unknown = set()
        self.random = random.Random(seed)
        self.sockets = {name: [family for family in SOCKETS[name] if family in families]
                        for name in SOCKETS if set(SOCKETS[name]) & set(families)}
        self.filters = {}

    def pick_request(self):
        pick = self.random.choice
        process, socket = pick(range(N_PROCESSES)), pick(list(self.sockets))
        if self.random.random() < 0.04:
            return process, socket, "-", "close", None, ()
        family = pick(self.sockets[socket])
        group = pick(GROUPS[family])
        old = self.filters.get((process, socket, group))
        verb = pick(ANY_VERB if self.random.random() < 0.1 else VERBS[old and old[0]])
        n = {"join": 0, "leave": 0, "include": self.random.randrange(4),
             "exclude": self.random.randrange(3)}.get(verb, 1)
        sources = self.random.sample(SOURCES[family], n)
        return process, socket, pick(["ip", "mcast"]), verb, group, tuple(sources)

    def make_request(self):
        """One that can be judged, and its errno."""
        while True:
            process, socket, api, verb, group, sources = self.pick_request()
            if verb == "close":
                self.forget(process, socket)
                return (process, socket, api, verb, group, sources), OK
            if group in SOURCE_SPECIFIC and verb in ("join", "exclude"):
                continue
            key = process, socket, group
            said, new = apply(self.filters.get(key), verb, sources)
            if said:
                self.filters[key] = new
                return (process, socket, api, verb, group, sources), said

    def forget(self, process, socket=None):
        self.filters = {key: held for key, held in self.filters.items()
                        if key[0] != process or socket not in (None, key[1])}

    def merge(self, group):
        merged = mdb.merge(held for (_, _, g), held in self.filters.items()
                           if g == group and held)
        return ("exclude", frozenset()) if merged and self.is_older else merged

    def get_truth(self):
        truth = {group: self.merge(group) for group in ALL_GROUPS
                 if group not in self.unknown}
        return {group: wanted for group, wanted in truth.items() if wanted}

    def get_flows(self):
        truth = self.get_truth()
        return {(source, group) for family in GROUPS for group in GROUPS[family]
                for source in SOURCES[family] if mdb.admits(truth.get(group), source)}


class Host:
    def __init__(self, words):
        self.namespace, self.port, *self.prefix = words.split("=", 2)
        self.capture = mdb.Capture(self.namespace)
        self.processes = [self.start() for _ in range(N_PROCESSES)]

    def start(self):
        member = str(Path(__file__).with_name("member.py"))
        return subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *" ".join(self.prefix).split(),
             "python3", member], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def tell(self, request):
        process, socket, api, verb, group, sources = request
        stdin = self.processes[process].stdin
        print(socket, api, verb, group or "", *sources, file=stdin, flush=True)

    def read_answer(self, process):
        return self.processes[process].stdout.readline().strip()

    def kill(self, i):
        self.processes[i].kill()
        self.processes[i].wait()

    def restart(self, i):
        self.kill(i)
        self.processes[i] = self.start()

    def stop(self):
        for i in range(N_PROCESSES):
            self.kill(i)


class Trial:
    def __init__(self, options):
        self.referee = mdb.open_referee(options.referee)
        families = "4" if isinstance(self.referee, mdb.Router) else "46"
        self.hosts = [Host(words) for words in options.host]
        self.sender = None
        if options.sender != "-":
            self.sender = mdb.Sender(options.sender, SOURCES["4"] + SOURCES["6"],
                                     ALL_GROUPS)
        self.seed = options.seed
        self.model = Model(options.seed, families, options.older)
        self.lines = []
        if options.older and isinstance(self.referee, mdb.Router):
            self.model.unknown = SOURCE_SPECIFIC  # RFC 4604 3.5: it ignores them

    def warm_up(self):
        """A switch that has just begun to ask lets nothing through for a while."""
        for verb, *filters in ("join", ("exclude", frozenset())), ("leave",):
            for socket, group in ("a4", GROUPS["4"][0]), ("a6", GROUPS["6"][0]):
                self.model.filters[0, socket, group] = filters[0] if filters else None
                self.request([((0, socket, "ip", verb, group, ()), OK)])
            self.check_filters()
            mdb.wait_for(lambda: not self.find_wrong_flows())

    def note(self, *words):
        self.lines.append(" ".join(map(str, filter(None, words))))

    def step(self):
        """Some requests, or the sudden end of a process, and what must come of it."""
        self.note("--")
        if self.model.random.random() < 0.03:
            self.end_process(self.model.random.randrange(N_PROCESSES))
        else:
            n = self.model.random.choice([1, 1, 1, 2, 5])
            self.request([self.model.make_request() for _ in range(n)])
        self.check_filters()
        if self.sender:
            self.check_flows()

    def request(self, requests):
        for request, _ in requests:
            process, socket, api, verb, group, sources = request
            self.note(f"process {process}", socket, api, verb, group, *sources)
            for host in self.hosts:
                host.tell(request)
        for request, said in requests:
            for host in self.hosts:
                answer = host.read_answer(request[0])
                if answer != said:
                    self.fail(f"{request} is {answer} on {host.port}, not {said}")

    def end_process(self, i):
        self.note(f"process {i} killed")
        self.model.forget(i)
        for host in self.hosts:
            host.restart(i)

    def read_wrong(self):
        """The ports of which the referee knows something else, and what."""
        truth = self.model.get_truth()
        seen = {host.port: self.referee.read(host.port, ALL_GROUPS)
                for host in self.hosts}
        return {port: filters for port, filters in seen.items() if filters != truth}

    def check_filters(self):
        if not mdb.wait_for(lambda: not self.read_wrong()):
            self.fail("it knows something else")

    def find_wrong_flows(self):
        self.sender.send()
        wanted = self.model.get_flows()
        came = {host.port: host.capture.read_flows() for host in self.hosts}
        return [f"{port}: came: {sorted(flows - wanted)}, "
                f"did not: {sorted(wanted - flows)}"
                for port, flows in came.items() if flows != wanted]

    def check_flows(self):
        """Soon: a source of which the switch tells that its time is 0.00 may have 10 ms
        left, and its entries for one source take a while to follow."""
        wrong = []

        def is_right():
            wrong[:] = self.find_wrong_flows()
            return not wrong

        if not mdb.wait_for(is_right):
            self.fail("; ".join(wrong))

    def check_quiet(self, seconds):
        """What it asks in between is answered rightly, too."""
        self.note("-- quiet")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.read_wrong():
                self.fail("it was told something else")
            time.sleep(0.05)

    def renew(self, command):
        """The same memberships: now their sources are known, too."""
        self.note("-- " + command)
        subprocess.run(command, shell=True, check=True)
        self.model.is_older = False
        self.check_filters()
        self.check_flows()

    def end(self):
        self.note("-- all processes killed")
        for host in self.hosts:
            host.stop()
        self.model.filters.clear()
        self.check_filters()

    def fail(self, why):
        wrong = self.read_wrong()
        for host in self.hosts:
            host.stop()
        print(*self.lines, why, "right:", *mdb.show(self.model.get_truth()), sep="\n")
        for port, filters in wrong.items():
            print(port + ":", *mdb.show(filters), sep="\n")
        print(f"MSFD_SEED={self.seed}")
        sys.exit(1)


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--older", action="store_true")
    parser.add_argument("--then")
    parser.add_argument("--quiet", type=int, default=6)
    parser.add_argument("referee")
    parser.add_argument("sender")
    parser.add_argument("host", nargs="+")
    return parser.parse_args()


def main():
    options = parse_options()
    trial = Trial(options)
    if trial.sender:
        trial.warm_up()
    started = time.monotonic()
    for _ in range(options.steps):
        trial.step()
    if options.then:
        trial.renew(options.then)
    trial.check_quiet(options.quiet)
    trial.end()
    print(f"seed {options.seed}: {options.steps} steps in "
          f"{time.monotonic() - started:.1f} s")


main()
