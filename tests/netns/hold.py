#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Opens sockets and joins groups as it is told, without libmsf, and holds them until it
is killed; its children die with it.

    hold.py WORD...

    socket KIND         udp4 udp6 udplite4 udplite6 raw4 raw6 ping4 ping6; the next
                        words are about it
    bind PORT
    join GROUP IFACE
    source GROUP IFACE SOURCE
    filter GROUP IFACE include|exclude SOURCE[,SOURCE...]
    all 0|1             IP_MULTICAST_ALL, IPV6_MULTICAST_ALL
    dup                 one more descriptor of it
    thread              a thread that has the descriptors, too
    name BYTES          of the process, with \\escapes
    fork                a child that has all of it, too
    children N          N children, each of which does the rest by itself

It prints "pid PID" for each child and "fd FD" for each descriptor, then "ready".
"""
import codecs
import ctypes
import ipaddress
import os
import signal
import socket
import struct
import sys
import threading

MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP, MCAST_MSFILTER = 42, 46, 48
IP_MULTICAST_ALL, IPV6_MULTICAST_ALL = 49, 29
PR_SET_PDEATHSIG = 1
UDPLITE = 136
FMODES = {"exclude": 0, "include": 1}
KINDS = {
    "udp": (socket.SOCK_DGRAM, 0, 0),
    "udplite": (socket.SOCK_DGRAM, UDPLITE, UDPLITE),
    "raw": (socket.SOCK_RAW, 99, 99),
    "ping": (socket.SOCK_DGRAM, socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6),
}


def say(*words):
    """In one piece: children write to the same file."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def sockaddr(text):
    address = ipaddress.ip_address(text)
    if address.version == 4:
        head = struct.pack("=HH", socket.AF_INET, 0)
    else:
        head = struct.pack("=HHI", socket.AF_INET6, 0, 0)
    return (head + address.packed).ljust(128, b"\0")


def level(group):
    return socket.IPPROTO_IPV6 if ":" in group else socket.IPPROTO_IP


def ifindex(name):
    return socket.if_nametoindex(name)


class Holder:
    def __init__(self):
        self.sockets = []

    def socket(self, kind):
        sort, *protocols = KINDS[kind[:-1]]
        is_ipv6 = kind.endswith("6")
        family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        self.sockets.append(socket.socket(family, sort, protocols[is_ipv6]))
        say("fd", self.sockets[-1].fileno())

    def bind(self, port):
        self.sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sockets[-1].bind(("", int(port)))

    def join(self, group, name):
        self.sockets[-1].setsockopt(
            level(group), MCAST_JOIN_GROUP,
            struct.pack("=II", ifindex(name), 0) + sockaddr(group))

    def source(self, group, name, source):
        self.sockets[-1].setsockopt(
            level(group), MCAST_JOIN_SOURCE_GROUP,
            struct.pack("=II", ifindex(name), 0) + sockaddr(group)
            + sockaddr(source))

    def filter(self, group, name, mode, sources):
        self.join(group, name)
        sources = sources.split(",")
        head = struct.pack("=II", ifindex(name), 0) + sockaddr(group)
        self.sockets[-1].setsockopt(
            level(group), MCAST_MSFILTER,
            head + struct.pack("=II", FMODES[mode], len(sources))
            + b"".join(map(sockaddr, sources)))

    def all(self, value):
        s = self.sockets[-1]
        s.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, int(value))
        if s.family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, int(value))

    def dup(self):
        self.sockets.append(self.sockets[-1].dup())
        say("fd", self.sockets[-1].fileno())

    def thread(self):
        threading.Thread(target=signal.pause, daemon=True).start()

    def name(self, text):
        with open("/proc/self/comm", "wb") as file:
            file.write(codecs.escape_decode(text)[0])

    def fork(self):
        parent = os.getpid()
        child = os.fork()
        if child:
            say("pid", child)
            return False
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        return True


def wait():
    while True:
        signal.pause()


def run(holder, words):
    while words:
        verb = words.pop(0)
        if verb == "children":
            for _ in range(int(words.pop(0))):
                if holder.fork():
                    break
            else:
                return
        elif verb == "fork":
            if holder.fork():
                wait()
        else:
            function = getattr(holder, verb)
            n = function.__code__.co_argcount - 1
            function(*words[:n])
            del words[:n]


holder = Holder()
run(holder, sys.argv[1:])
say("ready")
wait()
