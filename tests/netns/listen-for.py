#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a socket and hands it over, as systemd does: listen-for.py PATH COMMAND..."""
import os
import socket
import sys

FIRST = 3  # of the descriptors that are handed over: sd_listen_fds(3)

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen()
if listener.fileno() == FIRST:
    os.set_inheritable(FIRST, True)
else:
    os.dup2(listener.fileno(), FIRST)
os.environ["LISTEN_FDS"] = "1"
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(sys.argv[2], sys.argv[2:])
