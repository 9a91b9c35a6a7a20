#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Says what the kernel has for a socket of another process and a group on eth0, without
libmsf: mode, sources, and IP_MULTICAST_ALL (and IPV6_MULTICAST_ALL) in one word.

    peek.py PID FD GROUP
"""
import ctypes
import os
import socket
import struct
import sys

SYS_PIDFD_GETFD = 438
MCAST_MSFILTER, IP_MULTICAST_ALL, IPV6_MULTICAST_ALL = 48, 49, 29
ROOM = 64
HEAD, ENTRY = 144, 128  # bytes of struct group_filter and of each source

libc = ctypes.CDLL(None, use_errno=True)


def take(pid, fd):
    return socket.socket(fileno=libc.syscall(SYS_PIDFD_GETFD, os.pidfd_open(pid), fd, 0))


def read_filter(s, group):
    is_ipv6 = ":" in group
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    address = socket.inet_pton(family, group)
    at = 8 if is_ipv6 else 4
    buf = ctypes.create_string_buffer(HEAD + ENTRY * ROOM)
    struct.pack_into("I", buf, 0, socket.if_nametoindex("eth0"))
    struct.pack_into("H", buf, 8, family)
    buf[8 + at:8 + at + len(address)] = address
    struct.pack_into("II", buf, 136, 0, ROOM)
    length = ctypes.c_uint(len(buf))
    level = socket.IPPROTO_IPV6 if is_ipv6 else socket.IPPROTO_IP
    if libc.getsockopt(s.fileno(), level, MCAST_MSFILTER, buf, ctypes.byref(length)) < 0:
        return ["none"]
    mode, n = struct.unpack_from("II", buf, 136)
    entries = [buf.raw[HEAD + ENTRY * i + at:][:len(address)] for i in range(n)]
    return ["INCLUDE" if mode else "EXCLUDE"] + [
        socket.inet_ntop(family, entry) for entry in entries]


def read_all(s):
    text = str(s.getsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL))
    if s.family == socket.AF_INET6:
        text += str(s.getsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL))
    return text


target = take(int(sys.argv[1]), int(sys.argv[2]))
print(*read_filter(target, sys.argv[3]), "all", read_all(target))
