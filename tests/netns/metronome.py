#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
metronome.py SOURCE GROUP PORT PID

Sends a packet each millisecond as long as the process lives, and prints for each one, at
the end, when it had been sent: seconds since the epoch.
"""
import os
import socket
import sys
import time


def is_alive(pid):
    """Is it there, and no zombie?"""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def main(source, group, port, pid):
    """Until the process has ended."""
    times = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                          socket.inet_aton(source))
        sender.bind((source, 0))
        while is_alive(pid):
            sender.sendto(b"tick", (group, int(port)))
            times.append(time.time())
            time.sleep(0.001)
    for sent in times:
        print(f"{sent:.6f}")


main(*sys.argv[1:])
