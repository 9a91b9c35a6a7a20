#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A receiver that never reads: joins a group on an interface and leaves its receive queue
to fill up, until it is killed.

    idle.py GROUP PORT IFACE BYTES [alone]

BYTES is SO_RCVBUF; alone: it does not share the port. It prints "ready".
"""
import ipaddress
import signal
import socket
import struct
import sys

MCAST_JOIN_GROUP = 42


def main():
    group, port, iface, size = sys.argv[1:5]
    is_ipv4 = ipaddress.ip_address(group).version == 4
    family = socket.AF_INET if is_ipv4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if sys.argv[5:] != ["alone"]:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(size))
    sock.bind((group, int(port)))
    head = struct.pack("=HH", family, 0) + (b"" if is_ipv4 else bytes(4))
    address = head + ipaddress.ip_address(group).packed
    request = struct.pack("=I4x", socket.if_nametoindex(iface))
    request += address.ljust(128, b"\0")
    level = socket.IPPROTO_IP if is_ipv4 else socket.IPPROTO_IPV6
    sock.setsockopt(level, MCAST_JOIN_GROUP, request)
    print("ready", flush=True)
    signal.pause()


main()
