# SPDX-License-Identifier: BSD-2-Clause
"""
What a bridge that snoops knows of the hosts at its ports, what should be known of them,
and what it lets through to them; for the referees of msfd (see msfd.bash).
"""
import argparse
import contextlib
import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import time

DEADLINE = 10
PORT = 5000
CLONE_NEWNET = 0x40000000
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6, ETH_P_MARKER = 3, 0x0800, 0x86DD, 0x88B5
PACKET_OUTGOING = 4


@contextlib.contextmanager
def namespace(name):
    """What is opened here belongs to that network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(fd):
        if libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")

    with open("/proc/self/ns/net") as own, open("/run/netns/" + name) as other:
        enter(other.fileno())
        try:
            yield
        finally:
            enter(own.fileno())


def wait_for(condition, *words):
    """Until it says true; the last thing it said."""
    end = time.monotonic() + DEADLINE
    while True:
        result = condition(*words)
        if result or time.monotonic() > end:
            return result
        time.sleep(0.01)


class Switch:
    """The bridge br0 of a namespace."""

    def __init__(self, name):
        self.command = ["bridge", "-n", name, "-d", "-s", "-j", "mdb", "show",
                        "dev", "br0"]

    def read_entries(self):
        text = subprocess.run(self.command, check=True, capture_output=True).stdout
        return json.loads(text)[0]["mdb"]

    def read(self, port, groups):
        """
        The filters of a port: {group: (mode, sources)}, of members only.

        A router's state is richer than the filter that it was told. In INCLUDE mode
        its sources are the filter's. In EXCLUDE mode (RFC 3376 6.2.1) it has a
        list of those that nobody wants, whose timers are 0: the filter's; and another
        of those that somebody was heard to want. The latter is memory, lasts as long
        as the timers do and forwards nothing that is not forwarded anyway.
        """
        filters = {}
        for entry in self.read_entries():
            if entry["port"] != port or entry["grp"] not in groups or "src" in entry:
                continue
            mode = entry.get("filter_mode", "exclude")  # older versions have none
            sources = frozenset(
                source["address"] for source in entry.get("source_list", [])
                if (float(source["timer"]) > 0) == (mode == "include"))
            if mode == "exclude" or sources:
                filters[entry["grp"]] = mode, sources
        return filters


class Router:
    """FRR's pimd; path is the folder of its sockets. Its interfaces are the ports."""

    def __init__(self, path):
        self.command = ["vtysh", "--vty_socket", path, "-d", "pimd", "-c"]

    def ask(self, question):
        text = subprocess.run([*self.command, question], check=True,
                              capture_output=True).stdout
        return json.loads(text)

    def read(self, port, groups):
        """As of a switch. One that was left is there for a while, without sources."""
        known = self.ask("show ip igmp groups json").get(port, {}).get("groups", [])
        sources = self.ask("show ip igmp sources json").get(port, {})
        filters = {}
        for entry in known:
            group, mode = entry["group"], entry.get("mode", "exclude").lower()
            listed = sources.get(group, {}).get("sources", [])
            named = frozenset(source["source"] for source in listed
                              if (source["timer"] == "--:--") == (mode == "exclude"))
            if group in groups and (mode == "exclude" or named):
                filters[group] = mode, named
        return filters


def open_referee(words):
    """frr=PATH, or the namespace of a bridge."""
    return Router(words[4:]) if words.startswith("frr=") else Switch(words)


def merge(filters):
    """RFC 3376 3.2 of some filters; None: nobody is a member."""
    filters = list(filters)
    included = frozenset().union(*(s for mode, s in filters if mode == "include"))
    excluding = [s for mode, s in filters if mode == "exclude"]
    if excluding:
        return "exclude", frozenset.intersection(*excluding) - included
    return ("include", included) if included else None


def admits(wanted, source):
    mode, sources = wanted or ("include", ())
    return (source in sources) == (mode == "include")


class Sender:
    """One packet of every source to every group, and then something that reaches every
    port, so that a receiver knows when it has them all."""

    def __init__(self, name, sources, groups):
        self.groups = groups
        with namespace(name):
            self.sockets = {source: self.open(source) for source in sources}
            self.marker = open_packet_socket()

    @staticmethod
    def open(source):
        family = socket.AF_INET6 if ":" in source else socket.AF_INET
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((source, 0))
        index = socket.if_nametoindex("eth0")
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        else:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                         socket.inet_aton(source))
        return s

    def send(self):
        """On one processor: so the packets arrive in their order."""
        processors = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(processors)})
        self.send_all()
        os.sched_setaffinity(0, processors)

    def send_all(self):
        for source, s in self.sockets.items():
            for group in self.groups:
                if (":" in source) == (":" in group):
                    s.sendto(b"x", (group, PORT))
        address = self.marker.getsockname()[4]
        self.marker.send(b"\xff" * 6 + address + struct.pack("!H", ETH_P_MARKER)
                         + bytes(46))


def open_packet_socket():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.bind(("eth0", ETH_P_ALL))
    s.settimeout(DEADLINE)
    return s


class Capture:
    """What comes out of a port of the switch, at the host that it leads to."""

    def __init__(self, name):
        with namespace(name):
            self.socket = open_packet_socket()

    def read_flows(self):
        """(source, group) of the datagrams until the sender's marker."""
        flows, end = set(), time.monotonic() + DEADLINE
        while time.monotonic() < end:
            frame, address = self.socket.recvfrom(2048)
            if address[2] == PACKET_OUTGOING:
                continue
            if address[1] == ETH_P_MARKER:
                return flows
            flows |= set(parse_flow(address[1], frame[14:]))
        raise TimeoutError("nothing comes through the switch")


def parse_flow(protocol, packet):
    if protocol == ETH_P_IP and packet[9] == socket.IPPROTO_UDP:
        yield tuple(socket.inet_ntoa(packet[at:at + 4]) for at in (12, 16))
    elif protocol == ETH_P_IPV6 and packet[6] == socket.IPPROTO_UDP:
        yield tuple(socket.inet_ntop(socket.AF_INET6, packet[at:at + 16])
                    for at in (8, 24))


def show(filters):
    return [f"{group} {mode} {{{' '.join(sorted(sources))}}}"
            for group, (mode, sources) in sorted(filters.items())]


def parse_filters(texts):
    words = [text.split() for text in texts]
    wanted = {group: (filters[0], frozenset(filters[1:]))
              for group, *filters in words if filters}
    return [group for group, *_ in words], wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--for", dest="seconds", type=float)
    parser.add_argument("referee", type=open_referee)
    parser.add_argument("ports")
    parser.add_argument("filters", nargs="+")
    options = parser.parse_args()
    groups, wanted = parse_filters(options.filters)
    end = time.monotonic() + (options.seconds or 0)

    def read():
        return {port: options.referee.read(port, groups)
                for port in options.ports.split(",")}

    def is_right():
        return all(known == wanted for known in read().values())

    if not options.seconds and wait_for(is_right):
        return
    while options.seconds and is_right():
        if time.monotonic() > end:
            return
        time.sleep(0.02)
    for port, known in read().items():
        print(f"{port}:", *show(known), sep="\n  ")
    sys.exit("not: " + ", ".join(options.filters))


if __name__ == "__main__":
    main()
