#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Sends queries that no host may believe, or be harmed by, out of an interface: so at the
port of a switch it is as if the switch had sent them, who would not let them pass.

    hostile.py INTERFACE IPV4 LINKLOCAL    where they seem to come from

It prints the counters of msfd that have to tell of them, and by how much they grow; "+"
is for at least one.
"""
import collections
import logging
import random
import socket
import struct
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.contrib.igmpv3 import IGMPv3, IGMPv3mq
from scapy.layers.inet import IP, IPOption_Router_Alert
from scapy.layers.inet6 import (ICMPv6MLQuery2, ICMPv6MLReport, IPv6,
                                IPv6ExtHdrHopByHop, PadN, RouterAlert)
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import checksum

GROUPS4 = ["239.1.1.1", "232.1.1.1", "239.9.9.9"]
GROUPS6 = ["ff15::1", "ff35::1", "ff15::9"]
SOURCES4 = [f"10.9.{i // 256}.{i % 256}" for i in range(1, 300)]
SOURCES6 = [f"fd09::{i:x}" for i in range(1, 80)]


def igmp(body, to="224.0.0.1", ttl=1, options=None):
    options = [IPOption_Router_Alert()] if options is None else options
    mac = "01:00:5e:" + ":".join(f"{b:02x}" for b in socket.inet_aton(to)[1:])
    return Ether(dst=mac, src="02:00:00:00:00:66", type=0x0800) / IP(
        src=sys.argv[2], dst=to, ttl=ttl, proto=2, options=options) / body


def query4(group="0.0.0.0", sources=(), code=10, **fields):
    return IGMPv3(type=0x11, mrcode=code) / IGMPv3mq(
        gaddr=group, srcaddrs=list(sources), qrv=2, **fields)


def raw4(packed):
    """With its checksum."""
    return Raw(packed[:2] + checksum(packed).to_bytes(2, "big") + packed[4:])


def cut4(n):
    """The first bytes of a general query."""
    return raw4(bytes([0x11, 10, 0, 0] + [0] * (n - 4)))


def mld(body, source=None, hop_limit=1, has_alert=True):
    alert = IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN()] if has_alert
                               else [PadN(optdata=b"\0" * 4)])
    return Ether(dst="33:33:00:00:00:01", src="02:00:00:00:00:66", type=0x86DD) / IPv6(
        src=source or sys.argv[3], dst="ff02::1", hlim=hop_limit) / alert / body


def query6(group="::", sources=(), code=1000, **fields):
    return ICMPv6MLQuery2(mladdr=group, sources=list(sources), mrd=code, QRV=2, **fields)


def cut6(n):
    """The first bytes of a general query."""
    frame = mld(Raw(bytes([130, 0, 0, 0] + [0] * (n - 4))))
    frame[IPv6ExtHdrHopByHop].nh = 58
    pseudo = b"".join(socket.inet_pton(socket.AF_INET6, frame[IPv6].fields[end])
                      for end in ("src", "dst")) + struct.pack("!II", n, 58)
    body = frame[Raw].load
    total = checksum(pseudo + body).to_bytes(2, "big")
    frame[Raw].load = body[:2] + total + body[4:]
    return frame


def flood(n, wrap, query, groups, sources, codes):
    """Few kinds of packets, of which scapy is slow to make one, and many of them."""
    def make():
        asked = random.sample(sources, random.choice([0, 5]))
        group = random.choice(groups if asked else ["::" if ":" in groups[0] else
                                                    "0.0.0.0", *groups])
        return bytes(wrap(query(group, asked, code=random.randrange(codes))))

    return [make() for _ in range(100)] * (n // 100)


# Those with a "+" come in a crowd of others that are counted there.
KINDS = [
    ("rcv_badsum", lambda: [igmp(IGMPv3(type=0x11, mrcode=10, chksum=1) / IGMPv3mq())]),
    ("rcv_badttl", lambda: [igmp(query4(), ttl=n) for n in (2, 64, 255)]),
    ("rcv_nora", lambda: [igmp(query4(), options=[])]),
    ("rcv_tooshort", lambda: [igmp(cut4(n)) for n in (4, 7)]),
    ("rcv_badqueries", lambda: [igmp(cut4(n)) for n in (9, 10, 11)]),
    ("rcv_badqueries", lambda: [igmp(query4("239.1.1.1", SOURCES4[:1], numsrc=n))
                                for n in (2, 100, 65535)]),
    ("rcv_badqueries", lambda: [igmp(query4(), to="239.1.1.1")]),
    ("rcv_badqueries", lambda: [igmp(query4("10.9.0.1")),
                                igmp(query4("255.255.255.255"))]),
    ("rcv_badreports", lambda: [igmp(raw4(b"\x16\0\0\0\x0a\x09\0\x01"))]),
    ("+rcv_total", lambda: [igmp(raw4(b"\x22\0\0\0\0\0\0\x64"))]),  # 100 records
    ("+rcv_v3_queries", lambda: [igmp(query4(code=0)), igmp(query4(code=255, qqic=255))]),
    ("+rcv_v3_queries", lambda: [igmp(query4("239.1.1.1", SOURCES4))]),
    ("+rcv_v3_queries", lambda: flood(4000, igmp, query4, GROUPS4, SOURCES4, 256)),
    ("mld_rcv_badsum", lambda: []),  # the kernel drops them
    ("+mld_rcv_total", lambda: [mld(query6(cksum=1))]),
    ("mld_rcv_badhoplimit", lambda: [mld(query6(), hop_limit=n) for n in (2, 64, 255)]),
    ("mld_rcv_nora", lambda: [mld(query6(), has_alert=False)]),
    ("mld_rcv_tooshort", lambda: [cut6(n) for n in (4, 20, 23)]),
    ("mld_rcv_badqueries", lambda: [cut6(n) for n in (25, 26, 27)]),
    ("mld_rcv_badqueries", lambda: [mld(query6("ff15::1", SOURCES6[:1], sources_number=n))
                                    for n in (2, 100, 65535)]),
    ("mld_rcv_badqueries", lambda: [mld(query6("fd09::1"))]),
    ("mld_rcv_badreports", lambda: [mld(ICMPv6MLReport(mladdr="fd09::1"))]),
    ("mld_rcv_badsource", lambda: [mld(query6(), source=s) for s in ("::", "fd09::1")]),
    ("+mld_rcv_v2_queries", lambda: [mld(query6(code=0)),
                                     mld(query6(code=65535, QQIC=255))]),
    ("+mld_rcv_v2_queries", lambda: [mld(query6("ff15::1", SOURCES6))]),
    ("+mld_rcv_v2_queries", lambda: flood(4000, mld, query6, GROUPS6, SOURCES6, 65536)),
]


def main():
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((sys.argv[1], 0))
    growth = collections.Counter()
    for counter, make in KINDS:
        frames = [bytes(frame) for frame in make()]
        for frame in frames:
            out.send(frame)
        growth[counter] += len(frames)
    print(*sorted(f"{counter[1:]} +" if counter[0] == "+" else f"{counter} {n}"
                  for counter, n in growth.items()), sep="\n")


main()
