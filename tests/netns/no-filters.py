#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Runs a command on a system that offers no more than any-source joins: a seccomp filter
answers every option of RFC 3678 for setsockopt and getsockopt with an errno. "0" is a
stack that says yes to what it does not know, and does nothing; to read it is
ENOPROTOOPT there.

    no-filters.py [--no-joins] [--no-bpf[=ERRNO]] [--blind] ERRNO COMMAND...

    --no-joins  MCAST_JOIN_GROUP and MCAST_LEAVE_GROUP, too: IP_ADD_MEMBERSHIP and
                IPV6_JOIN_GROUP are left
    --no-bpf    socket filters, too: SO_ATTACH_FILTER and its kin answer 0, or the
                errno, and do nothing, so that SO_GET_FILTER reads none
    --blind     socket filters work and cannot be read back: SO_GET_FILTER is
                ENOPROTOOPT

It is inherited by children and over exec.
"""
import ctypes
import errno
import os
import platform
import struct
import sys

SETSOCKOPT, GETSOCKOPT = {"x86_64": (54, 55), "aarch64": (208, 209)}[platform.machine()]
IP, SOCKET, IPV6 = 0, 1, 41
IP_OPTIONS = (37, 38, 39, 40, 41)  # IP_UNBLOCK_SOURCE ... IP_MSFILTER
SOURCE_OPTIONS = (43, 44, 46, 47, 48)  # MCAST_BLOCK_SOURCE ... MCAST_MSFILTER
JOIN_OPTIONS = (42, 45)  # MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP
GET_FILTER = (26,)
ATTACH_OPTIONS = (26, 27, 50)  # SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_ATTACH_BPF
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ANSWER = 0x7FFF0000, 0x00050000
NUMBER, LEVEL, OPTION = 0, 24, 32  # places in struct seccomp_data


def op(code, value, if_true=0, if_not=0):
    return struct.pack("HBBI", code, if_true, if_not, value)


def answer(call, level, options, error):
    """The instructions for some options of one level; others fall through."""
    n = len(options)
    return [
        op(LOAD, NUMBER), op(EQUAL, call, 0, n + 4),
        op(LOAD, LEVEL), op(EQUAL, level, 0, n + 2),
        op(LOAD, OPTION),
        *[op(EQUAL, option, n - i, 0) for i, option in enumerate(options[:-1], 1)],
        op(EQUAL, options[-1], 0, 1),
        op(RETURN, ANSWER | error),
    ]


def build(error, has_joins, bpf_error, is_blind):
    shared = SOURCE_OPTIONS if has_joins else SOURCE_OPTIONS + JOIN_OPTIONS
    code = []
    for call in SETSOCKOPT, GETSOCKOPT:
        said = error if call == SETSOCKOPT else error or errno.ENOPROTOOPT
        code += answer(call, IP, IP_OPTIONS + shared, said)
        code += answer(call, IPV6, shared, said)
    if bpf_error is not None:
        code += answer(SETSOCKOPT, SOCKET, ATTACH_OPTIONS, bpf_error)
    if is_blind:
        code += answer(GETSOCKOPT, SOCKET, GET_FILTER, errno.ENOPROTOOPT)
    return code + [op(RETURN, ALLOW)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def load(code):
    """Without no_new_privs where we may: some programs set it and are watched."""
    program = Program(len(code), b"".join(code))
    libc = ctypes.CDLL(None, use_errno=True)
    seccomp = (PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0)
    if libc.prctl(*seccomp) and (
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(*seccomp)):
        sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))


def number(name):
    return 0 if name == "0" else getattr(errno, name)


def main():
    words, has_joins, bpf_error, is_blind = sys.argv[1:], True, None, False
    while words and words[0].startswith("--"):
        name, _, value = words.pop(0).partition("=")
        if name == "--no-joins":
            has_joins = False
        elif name == "--no-bpf":
            bpf_error = number(value or "0")
        elif name == "--blind":
            is_blind = True
        else:
            sys.exit("no-filters.py: " + name)
    load(build(number(words[0]), has_joins, bpf_error, is_blind))
    os.execvp(words[1], words[1:])


main()
