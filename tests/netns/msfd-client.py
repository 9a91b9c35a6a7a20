#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
msfd-client.py SOCKET COMMAND [ARGUMENT...]

Speaks to msfd as programs do, byte by byte (compat/agent/message.h), also as no program
should. Prints an answer as "errno-name reason", or rows as they are.

    ask SUBJECT                    status memberships groups stats tunables limits
    tune NAME VALUE
    static INTERFACE GROUP MODE SOURCE...     none, include, exclude
    hold INTERFACE GROUP MODE SOURCE...       a socket, until standard input ends; leaves
                                   it to the death of the socket
    CASE                           see the functions below

MSFD_CLIENT_UID: the user that it becomes before it connects.
"""
import array
import errno
import ipaddress
import os
import resource
import select
import signal
import socket
import struct
import sys
import time

VERSION = 1
SET, SETTLE, ASK, TUNE, STATIC, ANSWER, ROW = range(1, 8)
SUBJECTS = ["status", "memberships", "groups", "stats", "tunables", "limits"]
MODES = ["none", "include", "exclude"]
REASONS = """DONE BAD NO_SOCKET OTHER_SOCKET OTHER_NAMESPACE NO_INTERFACE NO_MEMORY
NOT_PERMITTED NOT_THERE OUT_OF_RANGE CLIENT_GROUPS CLIENT_SOURCES CLIENT_MESSAGES
USER_GROUPS USER_SOURCES USER_MESSAGES TOTAL_GROUPS TOTAL_SOURCES TOTAL_MESSAGES CLIENTS
ENGINE_LIMIT""".split()
MAX = 16 * 8192 + 256


def connect(path):
    """A connection that waits a few seconds at most."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(10)
    connection.connect(path)
    return connection


def message(kind, body, serial=7, version=VERSION, length=None):
    """A message with its head."""
    size = 16 + len(body) if length is None else length
    return struct.pack("=HHIII", version, kind, size, serial, 0) + body


def address(text):
    """A struct addr: host order, IPv4 mapped."""
    value = ipaddress.ip_address(text)
    number = int(value) | (0xffff00000000 if value.version == 4 else 0)
    return struct.pack("=QQ", number >> 64, number & (1 << 64) - 1)


def sources_of(texts):
    """Ascending, each once."""
    return b"".join(sorted((address(text) for text in set(texts)),
                           key=lambda one: struct.unpack("=QQ", one)))


def set_message(interface, group, mode, sources, serial=7):
    """SET: the interface by name or index."""
    index = interface if isinstance(interface, int) else socket.if_nametoindex(interface)
    body = struct.pack("=Q", time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    body += address(group) + struct.pack("=IIII", index, MODES.index(mode),
                                         len(set(sources)), 0)
    return message(SET, body + sources_of(sources), serial)


def settle_message(serial=7):
    """SETTLE with the time that it is."""
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return message(SETTLE, struct.pack("=Q", now), serial)


def static_message(interface, group, mode, sources):
    """STATIC."""
    body = struct.pack("=32s", interface.encode()) + address(group)
    body += struct.pack("=II", MODES.index(mode), len(set(sources)))
    return message(STATIC, body + sources_of(sources))


def ask_message(subject, serial=7):
    """ASK."""
    return message(ASK, struct.pack("=II", SUBJECTS.index(subject), 0), serial)


def send(connection, data, fds=()):
    """A message with its descriptors."""
    control = []
    if fds:
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    connection.sendmsg([data], control)


def receive(connection):
    """(kind, serial, body), or None: the connection has ended."""
    while True:
        try:
            data = connection.recv(MAX)
        except ConnectionResetError:
            continue
        if not data:
            return None
        _, kind, length, serial, _ = struct.unpack("=HHIII", data[:16])
        assert length == len(data)
        return kind, serial, data[16:]


def read_answer(connection):
    """"errno-name REASON value", or "closed"."""
    got = receive(connection)
    if got is None:
        return "closed"
    kind, _, body = got
    assert kind == ANSWER, kind
    error, reason, value = struct.unpack("=iIQ", body)
    name = errno.errorcode[-error] if error else "0"
    return f"{name} {REASONS[reason]} {value}"


def request(connection, data, fds=()):
    """Its answer."""
    send(connection, data, fds)
    return read_answer(connection)


def udp(group, interface=None):
    """A socket of the group's family that has joined it."""
    is_ipv4 = ipaddress.ip_address(group).version == 4
    made = socket.socket(socket.AF_INET if is_ipv4 else socket.AF_INET6,
                         socket.SOCK_DGRAM)
    # One that is bound to nothing is in none of the kernel's lists.
    made.bind(("", 0))
    if interface and is_ipv4:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        struct.pack("=4s4sI", socket.inet_aton(group), bytes(4),
                                    socket.if_nametoindex(interface)))
    elif interface:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        socket.inet_pton(socket.AF_INET6, group) +
                        struct.pack("=I", socket.if_nametoindex(interface)))
    return made


def wait_for_input():
    """Says so, and waits until standard input ends."""
    print("ready", flush=True)
    sys.stdin.read()


#
# Commands
#


def ask(path, subject):
    """Rows, one a line; fails with the answer."""
    connection = connect(path)
    send(connection, ask_message(subject))
    while True:
        got = receive(connection)
        if got is None:
            sys.exit("closed")
        kind, serial, body = got
        assert serial in (0, 7)
        if kind == ANSWER:
            error, reason, _ = struct.unpack("=iIQ", body)
            sys.exit(f"{errno.errorcode[-error]} {REASONS[reason]}" if error else 0)
        print(body.decode())


def tune(path, name, value):
    """Sets a tunable."""
    body = struct.pack("=32sQ", name.encode(), int(value))
    print(request(connect(path), message(TUNE, body)))


def static(path, interface, group, mode, *sources):
    """A static join."""
    print(request(connect(path), static_message(interface, group, mode, sources)))


def hold(path, interface, group, mode, *sources):
    """A socket with this filter; its end is its process'."""
    held = udp(group, interface)
    connection = connect(path)
    print(request(connection, set_message(interface, group, mode, sources),
                  [held.fileno()]))
    wait_for_input()


def hold_many(path, interface, count):
    """As many groups of one socket, each with two sources; the last answer."""
    connection = connect(path)
    held = udp("239.0.0.1")
    for i in range(int(count)):
        group = str(ipaddress.ip_address("239.9.0.0") + i)
        answer = request(connection, set_message(interface, group, "include",
                                                 ["10.9.0.1", "10.9.0.2"]),
                         [held.fileno()])
        if not answer.startswith("0 "):
            break
    print(answer)
    wait_for_input()


def bequeath(path, interface, group):
    """Tells of a socket and ends at once; the socket goes on in a child."""
    held = udp(group, interface)
    print(request(connect(path), set_message(interface, group, "exclude", []),
                  [held.fileno()]))
    sys.stdout.flush()
    child = os.fork()
    if child:
        print(child)
        return
    os.set_inheritable(held.fileno(), True)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    os.execvp("tail", ["tail", "-f", "/dev/null"])


def leave(path, interface, group):
    """A socket that joins, and ends it with INCLUDE {}, then again with SETTLE."""
    connection = connect(path)
    held = udp(group)
    fds = [held.fileno()]
    for mode, sources in (("include", ["10.9.0.1"]), ("include", []),
                          ("exclude", [])):
        print(request(connection, set_message(interface, group, mode, sources), fds))
    print(request(connection, settle_message(), fds))


#
# What no program should do
#


def malformed(path):
    """Each breach of the form, in a connection of its own."""
    good = set_message(1, "239.1.1.1", "include", ["10.9.0.1"])
    cases = {
        "one byte": b"x",
        "head cut short": good[:15],
        "body cut short": good[:-1],
        "too long": good + bytes(8),
        "length lies": message(SET, good[16:], length=len(good) + 8),
        "length is 0": message(SET, good[16:], length=0),
        "longer than any": message(SET, bytes(MAX + 64)),
        "type 0": message(0, b""),
        "type 99": message(99, bytes(64)),
        "an answer": message(ANSWER, bytes(16)),
        "subject 99": message(ASK, struct.pack("=II", 99, 0)),
        "no group": set_message(1, "10.9.0.1", "include", ["10.9.0.1"]),
        "mode 9": good[:16] + good[16:44] + struct.pack("=I", 9) + good[48:],
        "sources lie": good[:48] + struct.pack("=I", 2 ** 31) + good[52:],
        "family mixed": set_message(1, "239.1.1.1", "include", ["fd00::1"]),
        "name without end": message(TUNE, b"x" * 32 + bytes(8)),
    }
    for name, data in cases.items():
        print(f"{name}: {request(connect(path), data)}")


def broken_again(path):
    """How many broken messages a connection survives."""
    connection = connect(path)
    for i in range(100):
        try:
            answer = request(connection, b"x" * 20)
        except (BrokenPipeError, ConnectionResetError):
            answer = "closed"
        if answer == "closed":
            print(i)
            return


def other_version(path):
    """A message of version 2, then a good one."""
    connection = connect(path)
    print(request(connection, message(ASK, bytes(8), version=2)))
    print(request(connection, message(TUNE, struct.pack("=32sQ", b"none-such", 1))))


def descriptors(path, interface):
    """SET with nothing, with two, with what is no socket of datagrams."""
    data = set_message(interface, "239.1.1.1", "include", ["10.9.0.1"])
    one, two = udp("239.1.1.1"), udp("239.1.1.1")
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    null = os.open("/dev/null", os.O_RDONLY)
    for name, fds in (("none", []), ("two", [one, two]), ("TCP", [tcp]),
                      ("Unix", [unix]), ("a file", [null]),
                      ("thirty", [one] * 30)):
        numbers = [fd if isinstance(fd, int) else fd.fileno() for fd in fds]
        print(f"{name}: {request(connect(path), data, numbers)}")
    print("with ASK:", request(connect(path), ask_message("stats"), [one.fileno()]))


def rebind(path, interface, count):
    """Binds one socket after the other to the same port, told of and closed: how many."""
    connection = connect(path)
    data = set_message(interface, "239.1.1.1", "exclude", [])
    for i in range(int(count)):
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            held.bind(("", 5555))
        except OSError as error:
            print(i, error)
            return
        request(connection, data, [held.fileno()])
        held.close()
    print(count)


def lingering_pair():
    """Two ends of TCP; the close() of the first waits for the second, which does not
    read, for half a minute."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    one = socket.create_connection(listener.getsockname())
    other = listener.accept()[0]
    one.setblocking(False)
    try:
        while True:
            one.send(bytes(65536))
    except BlockingIOError:
        pass
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 30))
    return one, other


def lingering(path, interface):
    """Passes such sockets in messages that are read, one too many in one of them, and in
    some that nobody reads any more; then how another client is served."""
    data = set_message(interface, "239.1.1.1", "include", ["10.9.0.1"])
    pairs = [lingering_pair() for _ in range(7)]
    one = [pair[0].fileno() for pair in pairs]
    read, unread = connect(path), connect(path)
    # Of the process that listens.
    pid = struct.unpack("=iII", read.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED,
                                                12))[0]
    os.kill(pid, signal.SIGSTOP)
    send(read, data, one[:1])
    send(read, data, one[1:6])
    for _ in range(8):
        send(unread, b"broken")
    for _ in range(3):
        send(unread, b"")
    send(unread, data, one[6:])
    for pair in pairs:
        pair[0].close()
    os.kill(pid, signal.SIGCONT)
    print(read_answer(read))
    print(read_answer(read))
    while read_answer(unread) != "closed":
        pass
    ask(path, "limits")


def interfaces(path):
    """An index that there is not."""
    held = udp("239.1.1.1")
    data = set_message(99999, "239.1.1.1", "include", ["10.9.0.1"])
    print(request(connect(path), data, [held.fileno()]))


def flood(path, interface, count):
    """As fast as it can, with all answers read: how many were of which kind."""
    connection = connect(path)
    held = udp("239.1.1.1")
    kinds = {}
    for i in range(int(count)):
        mode = ("include", "exclude")[i % 2]
        data = set_message(interface, "239.1.1.1", mode, ["10.9.0.1"])
        answer = request(connection, data, [held.fileno()])
        kinds[answer] = kinds.get(answer, 0) + 1
    for answer, n in sorted(kinds.items()):
        print(answer, n)
    print("leave:", request(connection, set_message(interface, "239.1.1.1", "none", []),
                            [held.fileno()]))


def unread(path, interface):
    """Sends without end and reads nothing: how long until it is cut off."""
    connection = connect(path)
    held = udp("239.1.1.1")
    connection.settimeout(None)
    began = time.monotonic()
    sent = 0
    try:
        while True:
            send(connection, set_message(interface, "239.1.1.1", "exclude", []),
                 [held.fileno()])
            sent += 1
    except (BrokenPipeError, ConnectionResetError):
        print("cut off", sent, round(time.monotonic() - began))


def lazy_reader(path, subject):
    """Asks, and reads the rows only when standard input ends: how many there are."""
    connection = connect(path)
    send(connection, ask_message(subject))
    wait_for_input()
    n = 0
    while receive(connection)[0] == ROW:
        n += 1
    print(n)


def crowd(path, count):
    """So many connections that say nothing; then how many were turned away, and why."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    connections = [connect(path) for _ in range(int(count))]
    print("connected", flush=True)
    kinds = {}
    for connection in connections:
        connection.settimeout(0.05 if "silent" not in kinds else 0.001)
        try:
            answer = read_answer(connection)
        except TimeoutError:
            answer = "silent"
        kinds[answer] = kinds.get(answer, 0) + 1
    for answer, n in sorted(kinds.items()):
        print(answer, n)
    wait_for_input()


def askers(path, count):
    """So many connections that ask for all memberships, and read them, until standard
    input ends."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    connections = [connect(path) for _ in range(int(count))]
    readable = select.epoll()
    for connection in connections:
        readable.register(connection, select.EPOLLIN)
        send(connection, ask_message("memberships"))
    by_number = {connection.fileno(): connection for connection in connections}
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        for number, _ in readable.poll(0.1):
            if receive(by_number[number])[0] == ANSWER:
                send(by_number[number], ask_message("memberships"))


def hang_up(path, interface, count):
    """Connects, says something and goes without reading; many times."""
    held = udp("239.1.1.1")
    for i in range(int(count)):
        connection = connect(path)
        for _ in range(i % 4):
            send(connection, set_message(interface, "239.1.1.1", "exclude", []),
                 [held.fileno()])
        if i % 3 == 0:
            send(connection, ask_message("stats"))
        connection.close()
    print("done")


COMMANDS = {
    "ask": ask, "tune": tune, "static": static, "hold": hold, "hold-many": hold_many,
    "bequeath": bequeath, "leave": leave, "malformed": malformed,
    "broken-again": broken_again, "other-version": other_version,
    "descriptors": descriptors, "interfaces": interfaces,
    "lingering": lingering, "rebind": rebind, "flood": flood,
    "unread": unread, "lazy-reader": lazy_reader, "crowd": crowd, "hang-up": hang_up,
    "askers": askers,
}

if "MSFD_CLIENT_UID" in os.environ:
    os.setuid(int(os.environ["MSFD_CLIENT_UID"]))
COMMANDS[sys.argv[2]](sys.argv[1], *sys.argv[3:])
