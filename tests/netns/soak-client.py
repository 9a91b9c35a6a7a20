#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
One of the programs that a soak of msfd is about: it holds sockets and changes their
filters at random, by the raw options of Linux and without knowing of libmsf.

    soak-client.py SEED SOCKETS INTERFACE...

Reads lines: "go", "pause" (answers "paused": nothing changes from then on), "close"
(closes all sockets; answers "closed"). Its end is that of its input.
"""
import os
import random
import select
import socket
import struct
import sys

JOIN, BLOCK, UNBLOCK, LEAVE, JOIN_SOURCE, LEAVE_SOURCE, FILTER = range(42, 49)
GROUPS = {
    socket.AF_INET: ["232.1.1.1", "232.1.1.2", "239.1.1.1", "239.1.1.2", "239.1.1.3"],
    socket.AF_INET6: ["ff3e::1", "ff3e::2", "ff1e::1", "ff1e::2", "ff1e::3"],
}
SOURCES = {
    socket.AF_INET: ["10.9.0.%d" % i for i in range(1, 7)],
    socket.AF_INET6: ["fd09::%x" % i for i in range(1, 7)],
}
PAUSE = 0.01  # seconds between two changes


class Holder:
    def __init__(self, chance):
        self.chance = chance
        self.open()

    def open(self):
        self.family = self.chance.choice(list(GROUPS))
        self.level = 41 if self.family == socket.AF_INET6 else 0
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.chance.random() < 0.7:
            self.socket.bind(("", 5000))

    def encode(self, text):
        head = struct.pack("=HH", self.family, 0)
        if self.family == socket.AF_INET6:
            head += bytes(4)
        return (head + socket.inet_pton(self.family, text)).ljust(128, b"\0")

    def set(self, option, value):
        try:
            self.socket.setsockopt(self.level, option, value)
        except OSError:
            pass  # the table's answers are not what is looked at here

    def change(self, interfaces):
        chance = self.chance
        if chance.random() < 0.03:
            self.socket.close()
            self.open()
        group = self.encode(chance.choice(GROUPS[self.family]))
        try:
            index = socket.if_nametoindex(chance.choice(interfaces))
        except OSError:
            return
        head = struct.pack("=II", index, 0) + group
        sources = [self.encode(s) for s in SOURCES[self.family]]
        option = chance.choice((JOIN, BLOCK, UNBLOCK, LEAVE, LEAVE, JOIN_SOURCE,
                                JOIN_SOURCE, LEAVE_SOURCE, FILTER, FILTER))
        if option in (JOIN, LEAVE):
            self.set(option, head)
        elif option == FILTER:
            some = chance.sample(sources, chance.randrange(5))
            self.set(FILTER, head + struct.pack("=II", chance.randrange(2), len(some)) +
                     b"".join(some))
        else:
            self.set(option, head + chance.choice(sources))


def obey(word, holders):
    if word == "close":
        for holder in holders:
            holder.socket.close()
        print("closed", flush=True)
    elif word == "pause":
        print("paused", flush=True)


def main():
    chance = random.Random(int(sys.argv[1]))
    holders = [Holder(chance) for _ in range(int(sys.argv[2]))]
    is_going = False
    while True:
        ready, _, _ = select.select([0], [], [], PAUSE if is_going else None)
        if ready:
            words = os.read(0, 4096).decode().split()
            if not words:
                return
            for word in words:
                is_going = word == "go"
                obey(word, holders)
        elif is_going:
            chance.choice(holders).change(sys.argv[3:])


main()
