#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A program that joins and leaves as it is told, with raw options and nothing of libmsf. It
reads lines from its input until that ends, and answers each with "0" or the name of
the errno.

    SOCKET API VERB GROUP [SOURCE...]   on eth0

    SOCKET  a name; its last letter is the family of the socket, 4 or 6. An IPv4 group
            may be joined on either. The socket is made when it is named first.
    API     ip: the options of IPv4 (the plain ones of IPv6); mcast: those for both
    VERB    join leave join_source leave_source block unblock include exclude; the last
            two set the whole filter. "close" ends the socket.
"""
import errno
import fcntl
import os
import socket
import struct
import sys

IP, IPV6 = socket.IPPROTO_IP, socket.IPPROTO_IPV6
IP_OPTIONS = {"join": 35, "leave": 36, "unblock": 37, "block": 38, "join_source": 39,
              "leave_source": 40, "include": 41, "exclude": 41}
IPV6_OPTIONS = {"join": 20, "leave": 21}
MCAST_OPTIONS = {"join": 42, "block": 43, "unblock": 44, "leave": 45, "join_source": 46,
                 "leave_source": 47, "include": 48, "exclude": 48}
MODES = {"exclude": 0, "include": 1}


def storage(text):
    if ":" in text:
        head = struct.pack("=HHI", socket.AF_INET6, 0, 0)
        return (head + socket.inet_pton(socket.AF_INET6, text)).ljust(128, b"\0")
    head = struct.pack("=HH", socket.AF_INET, 0)
    return (head + socket.inet_aton(text)).ljust(128, b"\0")


class Member:
    def __init__(self, name):
        self.sockets = {}
        self.ifindex = socket.if_nametoindex(name)
        self.address = self.read_address(name)

    @staticmethod
    def read_address(name):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            packed = name.encode().ljust(40, b"\0")
            return fcntl.ioctl(s, 0x8915, packed)[20:24]  # SIOCGIFADDR

    def get_socket(self, name):
        if name not in self.sockets:
            family = socket.AF_INET if name[-1] == "4" else socket.AF_INET6
            self.sockets[name] = socket.socket(family, socket.SOCK_DGRAM)
        return self.sockets[name]

    def encode_ip(self, verb, group, sources):
        group, sources = socket.inet_aton(group), [*map(socket.inet_aton, sources)]
        if verb in MODES:
            return group + self.address + struct.pack(
                "=II", MODES[verb], len(sources)) + b"".join(sources)
        if sources:
            return group + self.address + sources[0]
        return group + bytes(4) + struct.pack("=I", self.ifindex)

    def encode_mcast(self, verb, group, sources):
        value = struct.pack("=II", self.ifindex, 0) + storage(group)
        if verb in MODES:
            value += struct.pack("=II", MODES[verb], len(sources))
        return value + b"".join(map(storage, sources))

    def encode(self, api, verb, group, sources):
        """Level, option, value."""
        is_ipv6 = ":" in group
        level = IPV6 if is_ipv6 else IP
        if api == "ip" and not is_ipv6:
            return level, IP_OPTIONS[verb], self.encode_ip(verb, group, sources)
        if api == "ip" and verb in IPV6_OPTIONS:
            packed = socket.inet_pton(socket.AF_INET6, group)
            return level, IPV6_OPTIONS[verb], packed + struct.pack("=I", self.ifindex)
        return level, MCAST_OPTIONS[verb], self.encode_mcast(verb, group, sources)

    def do(self, name, api, verb, group=None, *sources):
        if verb == "close":
            self.get_socket(name).close()
            del self.sockets[name]
            return "0"
        try:
            self.get_socket(name).setsockopt(*self.encode(api, verb, group, sources))
        except OSError as e:
            return errno.errorcode[e.errno]
        return "0"


member = Member("eth0")
for line in iter(sys.stdin.readline, ""):
    os.write(1, (member.do(*line.split()) + "\n").encode())
