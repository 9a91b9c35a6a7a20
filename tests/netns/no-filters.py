#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Runs a command on a system without source filters: a seccomp filter answers every
option of RFC 3678 but the any-source joins, for setsockopt and getsockopt, with an
errno; "0" is a stack that says yes to what it does not know.

    no-filters.py ERRNO COMMAND...
"""
import ctypes
import errno
import os
import platform
import struct
import sys

# setsockopt, getsockopt
CALLS = {"x86_64": (54, 55), "aarch64": (208, 209)}[platform.machine()]
OPTIONS = (37, 38, 39, 40, 41, 43, 44, 46, 47, 48)  # IP_UNBLOCK_SOURCE, ..., MCAST_*
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ANSWER = 0x7FFF0000, 0x00050000
NUMBER, LEVEL, OPTION = 0, 24, 32  # places in struct seccomp_data


def op(code, value, if_true=0, if_not=0):
    return struct.pack("HBBI", code, if_true, if_not, value)


def build(error):
    n = len(OPTIONS)
    head = [
        op(LOAD, NUMBER),
        op(EQUAL, CALLS[0], 1, 0),
        op(EQUAL, CALLS[1], 0, n + 4),
        op(LOAD, LEVEL),
        op(EQUAL, 0, 1, 0),
        op(EQUAL, 41, 0, n + 1),
        op(LOAD, OPTION),
    ]
    tests = [op(EQUAL, option, n - i, 0) for i, option in enumerate(OPTIONS)]
    return head + tests + [op(RETURN, ALLOW), op(RETURN, ANSWER | error)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def main():
    name, command = sys.argv[1], sys.argv[2:]
    code = build(0 if name == "0" else getattr(errno, name))
    program = Program(len(code), b"".join(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
            PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0):
        sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
    os.execvp(command[0], command)


main()
