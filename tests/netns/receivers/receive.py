#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
A receiver as anyone would write it, with Python's own modules: binds a UDP socket,
sets source filters as it is told, and prints where the packets come from.

    receive.py [--by ip|mcast] [--how WAY] [--count N] GROUP PORT INTERFACE STEP...

    STEP    join, leave, join:SOURCE, leave:SOURCE, block:SOURCE, unblock:SOURCE,
            include:SOURCE,..., exclude:SOURCE,..., get, drain (what came before, when
            the filter may have been another one), tcp, nobody (the next steps are about
            a TCP socket, or about one that is closed)
    --by    the socket options of RFC 3678 4.1 or those of 5.1 (always for IPv6)
    --how   recvfrom, recvfrom_into, recvmsg, recv, read, timeout, nonblocking, select,
            poll, epoll, selectors, asyncio, threads, fork

A step that fails is told by its errno. With --count 0 nothing is received. The packets
are those of msend with --first N000000 for the sender of address N.
"""
import argparse
import asyncio
import errno
import ipaddress
import os
import select
import selectors
import socket
import struct
import sys
import threading

IP_UNBLOCK_SOURCE, IP_BLOCK_SOURCE, IP_ADD_SOURCE, IP_DROP_SOURCE = 37, 38, 39, 40
IP_MSFILTER, MCAST_MSFILTER = 41, 48
IP_OPTIONS = {"join": IP_ADD_SOURCE, "leave": IP_DROP_SOURCE,
              "block": IP_BLOCK_SOURCE, "unblock": IP_UNBLOCK_SOURCE}
MCAST_OPTIONS = {"join": 46, "leave": 47, "block": 43, "unblock": 44}
MCAST_GROUP_OPTIONS = {"join": 42, "leave": 45}
FMODES = {"exclude": 0, "include": 1}
ROOM = 16
DEADLINE = 10


def sockaddr(text):
    address = ipaddress.ip_address(text)
    if address.version == 4:
        head = struct.pack("=HH", socket.AF_INET, 0)
    else:
        head = struct.pack("=HHI", socket.AF_INET6, 0, 0)
    return (head + address.packed).ljust(128, b"\0")


class Member:
    """A socket and what it does with its group."""

    def __init__(self, args):
        self.group, self.interface = args.group, args.interface
        self.is_ipv6 = ":" in args.group
        self.is_mcast = self.is_ipv6 or args.by == "mcast"
        self.level = socket.IPPROTO_IPV6 if self.is_ipv6 else socket.IPPROTO_IP
        self.family = socket.AF_INET6 if self.is_ipv6 else socket.AF_INET
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("", args.port))

    def index(self):
        return socket.if_nametoindex(self.interface)

    def address(self):
        """The interface as IPv4 options name it: by its address, or as it was given."""
        try:
            return ipaddress.ip_address(self.interface).packed
        except ValueError:
            return socket.inet_aton("10.9.0.100")

    def head(self):
        return struct.pack("@II", self.index(), 0) + sockaddr(self.group)

    def set(self, option, value):
        self.socket.setsockopt(self.level, option, value)

    def do_group(self, verb):
        group = ipaddress.ip_address(self.group).packed
        if self.is_ipv6:
            option = (socket.IPV6_JOIN_GROUP if verb == "join"
                      else socket.IPV6_LEAVE_GROUP)
            self.set(option, group + struct.pack("@I", self.index()))
        elif self.is_mcast:
            self.set(MCAST_GROUP_OPTIONS[verb], self.head())
        else:
            option = (socket.IP_ADD_MEMBERSHIP if verb == "join"
                      else socket.IP_DROP_MEMBERSHIP)
            self.set(option, group + self.address())

    def do_source(self, verb, source):
        if self.is_mcast:
            self.set(MCAST_OPTIONS[verb], self.head() + sockaddr(source))
        else:
            self.set(IP_OPTIONS[verb], socket.inet_aton(self.group) + self.address()
                     + socket.inet_aton(source))

    def do_full(self, verb, sources):
        if self.is_mcast:
            value = self.head() + struct.pack("@II", FMODES[verb], len(sources))
            self.set(MCAST_MSFILTER, value + b"".join(map(sockaddr, sources)))
        else:
            value = socket.inet_aton(self.group) + self.address()
            value += struct.pack("@II", FMODES[verb], len(sources))
            self.set(IP_MSFILTER, value + b"".join(map(socket.inet_aton, sources)))

    def get(self):
        """Python's getsockopt() takes no input, so that the answer is a refusal."""
        option = MCAST_MSFILTER if self.is_mcast else IP_MSFILTER
        return self.socket.getsockopt(self.level, option, 8)

    def drain(self):
        try:
            while True:
                self.socket.recv(2048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass

    def step(self, text):
        verb, _, sources = text.partition(":")
        if verb == "tcp":
            self.socket = socket.socket(self.family, socket.SOCK_STREAM)
        elif verb == "nobody":
            self.socket.close()
        elif verb in ("get", "drain"):
            getattr(self, verb)()
        elif verb in FMODES:
            self.do_full(verb, sources.split(",") if sources else [])
        elif sources:
            self.do_source(verb, sources)
        else:
            self.do_group(verb)


def tell(data, address=None):
    number = struct.unpack_from("!4sI", data)[1] // 1000000
    from_address = ipaddress.ip_address(address).packed[-1] if address else number
    # In one piece: threads write to the same file.
    sys.stdout.write(f"{number}\n" if number == from_address
                     else f"{number} as {from_address}\n")


def by_address(s):
    data, address = s.recvfrom(2048)
    tell(data, address[0])


def by_buffer(s):
    data = bytearray(2048)
    n, address = s.recvfrom_into(data)
    tell(data[:n], address[0])


def by_message(s):
    data, _, _, address = s.recvmsg(2048, 256)
    tell(data, address[0])


def by_select(s):
    assert select.select([s], [], [], DEADLINE)[0] == [s]
    by_address(s)


def by_poll(s):
    poll = select.poll()
    poll.register(s, select.POLLIN)
    assert poll.poll(DEADLINE * 1000) == [(s.fileno(), select.POLLIN)]
    by_address(s)


def by_nonblocking(s):
    """As programs do that wait elsewhere: a wait that ends has something to read."""
    s.setblocking(False)
    select.select([s], [], [], DEADLINE)
    by_address(s)


def by_timeout(s):
    s.settimeout(DEADLINE)
    by_address(s)


def loop_epoll(s, count):
    with select.epoll() as epoll:
        epoll.register(s, select.EPOLLIN)
        for _ in range(count):
            assert epoll.poll(DEADLINE) == [(s.fileno(), select.EPOLLIN)]
            by_address(s)


def loop_selectors(s, count):
    s.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(s, selectors.EVENT_READ)
        while count > 0:
            assert selector.select(DEADLINE)
            try:
                by_message(s)
                count -= 1
            except BlockingIOError:
                pass  # as it may be: epoll(7)


def loop_asyncio(s, count):
    s.setblocking(False)

    class Protocol(asyncio.DatagramProtocol):
        def __init__(self, done):
            self.done, self.left = done, count

        def datagram_received(self, data, address):
            if self.left > 0:
                tell(data, address[0])
            self.left -= 1
            if self.left == 0:
                self.done.set_result(None)

    async def receive():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        await loop.create_datagram_endpoint(lambda: Protocol(done), sock=s)
        await asyncio.wait_for(done, DEADLINE)

    asyncio.run(receive())


def loop_threads(s, count):
    threads = [threading.Thread(target=by_address, args=(s,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def loop_fork(s, count):
    """The child receives."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        for _ in range(count):
            by_address(s)
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


ONCE = {
    "recvfrom": by_address, "recvfrom_into": by_buffer, "recvmsg": by_message,
    "recv": lambda s: tell(s.recv(2048)),
    "read": lambda s: tell(os.read(s.fileno(), 2048)),
    "timeout": by_timeout, "nonblocking": by_nonblocking, "select": by_select,
    "poll": by_poll,
}
LOOPS = {"epoll": loop_epoll, "selectors": loop_selectors, "asyncio": loop_asyncio,
         "threads": loop_threads, "fork": loop_fork}


def receive(s, how, count):
    if how in LOOPS:
        LOOPS[how](s, count)
        return
    for _ in range(count):
        ONCE[how](s)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--by", default="ip", choices=("ip", "mcast"))
    parser.add_argument("--how", default="recvfrom", choices=[*ONCE, *LOOPS])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("group")
    parser.add_argument("port", type=int)
    parser.add_argument("interface")
    parser.add_argument("steps", nargs="*")
    args = parser.parse_args()

    member = Member(args)
    has_failed = False
    for step in args.steps:
        try:
            member.step(step)
        except OSError as error:
            has_failed = True
            print(f"{step}: {errno.errorcode[error.errno]}", file=sys.stderr)
    if args.count > 0:
        receive(member.socket, args.how, args.count)
    sys.exit(has_failed)


main()
