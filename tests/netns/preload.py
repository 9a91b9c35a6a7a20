#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A receiver as anyone would write it, for preload.bats: raw options and blocking calls,
and nothing of libmsf.

    preload.py GROUP VERB...

    join[=SOURCE], leave=SOURCE, block=SOURCE
                    by MCAST_ options on eth0; prints the option and the errno of a
                    refusal
    show            prints the filter
    drain           forgets what came so far
    receive=COUNT   receives so many packets on port 5000 and prints from whom they were
    exec=VERB,...   becomes another program, which has the socket and goes on with these
"""
import ctypes
import errno
import os
import socket
import struct
import sys

JOIN, JOIN_SOURCE, LEAVE_SOURCE, BLOCK, FILTER = 42, 46, 47, 43, 48
PORT = 5000
ADDRESS, HEAD = 128, 144  # struct sockaddr_storage; struct group_filter without sources
ROOM = 7  # sources
INHERITED = "PRELOAD_PY_SOCKET"


class Receiver:
    def __init__(self, group):
        self.group = group
        self.family = socket.AF_INET6 if ":" in group else socket.AF_INET
        self.level = 41 if self.family == socket.AF_INET6 else 0
        self.interface = struct.pack("=II", socket.if_nametoindex("eth0"), 0)
        if INHERITED in os.environ:
            self.socket = socket.socket(fileno=int(os.environ[INHERITED]))
            return
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((group, PORT))

    def encode(self, text):
        head = struct.pack("=HH", self.family, 0)
        if self.family == socket.AF_INET6:
            head += bytes(4)
        return (head + socket.inet_pton(self.family, text)).ljust(ADDRESS, b"\0")

    def decode(self, packed):
        at, size = (8, 16) if self.family == socket.AF_INET6 else (4, 4)
        return socket.inet_ntop(self.family, packed[at:at + size])

    def request(self, option, *addresses):
        value = self.interface + b"".join(map(self.encode, (self.group, *addresses)))
        try:
            self.socket.setsockopt(self.level, option, value)
        except OSError as e:
            print(option, errno.errorcode[e.errno])

    def show(self):
        """By libc: Python's getsockopt() hands no question in."""
        libc = ctypes.CDLL(None, use_errno=True)
        question = self.interface + self.encode(self.group) + struct.pack("=II", 0, ROOM)
        room = ctypes.create_string_buffer(question.ljust(HEAD + ROOM * ADDRESS, b"\0"))
        length = ctypes.c_uint(len(room))
        if libc.getsockopt(self.socket.fileno(), self.level, FILTER, room,
                           ctypes.byref(length)):
            print(FILTER, errno.errorcode[ctypes.get_errno()])
            return
        mode, n = struct.unpack_from("=II", room, HEAD - 8)
        places = [HEAD + ADDRESS * i for i in range(n)]
        print("INCLUDE" if mode else "EXCLUDE",
              *(self.decode(room.raw[at:at + ADDRESS]) for at in places))

    def drain(self):
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(99)
        except BlockingIOError:
            self.socket.setblocking(True)

    def receive(self, count):
        print(*sorted({self.socket.recvfrom(99)[1][0] for _ in range(count)}))

    def become_another(self, verbs):
        self.socket.set_inheritable(True)
        os.environ[INHERITED] = str(self.socket.fileno())
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, __file__, self.group, *verbs])


def main():
    receiver = Receiver(sys.argv[1])
    for word in sys.argv[2:]:
        verb, _, value = word.partition("=")
        if verb == "join" and not value:
            receiver.request(JOIN)
        elif verb == "join":
            receiver.request(JOIN_SOURCE, value)
        elif verb == "leave":
            receiver.request(LEAVE_SOURCE, value)
        elif verb == "block":
            receiver.request(BLOCK, value)
        elif verb == "show":
            receiver.show()
        elif verb == "drain":
            receiver.drain()
        elif verb == "receive":
            receiver.receive(int(value))
        elif verb == "exec":
            receiver.become_another(value.split(","))


main()
