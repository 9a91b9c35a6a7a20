# SPDX-License-Identifier: BSD-2-Clause
"""What the benchmarks of whole programs share: two network namespaces with a veth pair
between them, programs that listen in one of them, and figures as bench/figure.h prints
them."""
import argparse
import glob
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

GROUP = "239.1.1.1"
PORT = 5000
DEADLINE = 30  # seconds that anything may take
RING_MIB = 64
MSEND = os.environ.get("MSEND", "msend")


class BenchError(Exception):
    pass


def wait_for(what, is_there):
    """Until it is true."""
    deadline = time.monotonic() + DEADLINE
    while not is_there():
        if time.monotonic() > deadline:
            raise BenchError("waited in vain for " + what)
        time.sleep(0.01)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    if done.returncode:
        raise BenchError("%s: %s" % (" ".join(command), done.stderr.strip()))
    return done.stdout


class Lab:
    """Two namespaces: tx sends, rx listens."""

    def __init__(self):
        self.tx = "mb%d-tx" % os.getpid()
        self.rx = "mb%d-rx" % os.getpid()

    def __enter__(self):
        try:
            for name in (self.tx, self.rx):
                run("ip", "netns", "add", name)
                run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", self.tx, "link", "add", "eth0", "type", "veth", "peer",
                "name", "eth0", "netns", self.rx)
            for name, address in ((self.tx, "10.0.0.1/8"), (self.rx, "10.255.255.1/8")):
                run("ip", "-n", name, "address", "add", address, "dev", "eth0")
                run("ip", "-n", name, "link", "set", "eth0", "up")
            for name in (self.tx, self.rx):
                run("ip", "-n", name, "route", "add", "224.0.0.0/4", "dev", "eth0")
            # The sources are nobody's addresses.
            for conf in ("all", "eth0"):
                run("ip", "netns", "exec", self.rx, "sysctl", "-qw",
                    "net.ipv4.conf.%s.rp_filter=0" % conf)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in (self.tx, self.rx):
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)

    def count_lost(self):
        """Between the interfaces: a CPU that is never let may hold 1,000 packets."""
        said = self.read("/proc/net/dev")
        return int(re.search(r"eth0:(?:\s+\d+){3}\s+(\d+)", said).group(1))

    def read(self, path):
        return run("ip", "netns", "exec", self.rx, "cat", path)


class Reader:
    """A program that listens, and what it says that it got."""

    name = "nobody"
    command = None
    max_flows = 65536
    rest = 0.1  # seconds without work after which it has done all

    def __init__(self, lab, folder, cpu):
        self.lab = lab
        self.cpu = str(cpu)
        self.out = os.path.join(folder, self.name + ".out")
        self.err = os.path.join(folder, self.name + ".err")
        self.process = None

    def start(self):
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.lab.rx, "taskset", "-c", self.cpu]
                + self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        wait_for("the start of " + self.name, self.is_ready)
        self.settle()

    def is_ready(self):
        """It has a ring, if it is not ready sooner or later."""
        if self.process.poll() is not None:
            raise BenchError("%s: %s" % (self.name, read_text(self.err).strip()))
        return len(self.lab.read("/proc/net/packet").splitlines()) > 1

    def read_tasks(self, name):
        return [read_text(path) for path in
                glob.glob("/proc/%d/task/*/%s" % (self.process.pid, name))]

    def get_cpu_ns(self):
        """Of all threads, up to now."""
        return sum(int(text.split()[0]) for text in self.read_tasks("schedstat") if text)

    def is_asleep(self):
        """No thread runs, or would if it were let."""
        return all(text.rpartition(")")[2].split()[0] == "S"
                   for text in self.read_tasks("stat") if text)

    def settle(self):
        """Until it has done what there was to do."""
        since = time.monotonic()
        deadline = since + DEADLINE
        while time.monotonic() - since < self.rest:
            if not self.is_asleep():
                since = time.monotonic()
            if time.monotonic() > deadline:
                raise BenchError(self.name + " never comes to rest")
            time.sleep(0.005)

    def stop(self):
        """(packets that it got, packets that were dropped on the way to it)"""
        self.end()
        return self.count()

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Tcpdump(Reader):
    name = "tcpdump"
    rest = 1.2  # the kernel gives it what is left of a block after a second
    command = ["tcpdump", "-n", "-i", "eth0", "-B", str(RING_MIB * 1024), "-Z", "root",
               "-w", "/dev/null", "udp"]

    def count(self):
        said = read_text(self.err)
        got = int(re.search(r"(\d+) packets captured", said).group(1))
        dropped = int(re.search(r"(\d+) packets dropped by kernel", said).group(1))
        return got, dropped


class SocketReader(Reader):
    """Has a socket that joins. It is stopped while its queue is looked at."""

    max_flows = 1

    def read_sockets(self):
        port = ":%04X" % PORT
        lines = [line.split() for line in self.lab.read("/proc/net/udp").splitlines()]
        return [line for line in lines if line[1].endswith(port)]

    def is_ready(self):
        if self.process.poll() is not None:
            raise BenchError("%s: %s" % (self.name, read_text(self.err).strip()))
        return self.read_sockets() and "010101EF" in self.lab.read("/proc/net/igmp")

    def stop(self):
        dropped = sum(int(line[12]) for line in self.read_sockets())
        self.end()
        return None, dropped


class Iperf(SocketReader):
    name = "iperf"
    command = ["iperf", "-s", "-u", "-B", GROUP, "-p", str(PORT), "-w", "4M"]


class Multicat(SocketReader):
    name = "multicat"
    command = ["multicat", "-u", "-U", "@%s:%d" % (GROUP, PORT), "/dev/null"]


class Socat(SocketReader):
    name = "socat"
    command = ["socat", "-u", "UDP4-RECV:%d,ip-add-membership=%s:eth0,rcvbuf=4000000"
               % (PORT, GROUP), "OPEN:/dev/null"]


def read_text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def send(lab, flows, seconds, cpu):
    """(packets, packets per second)"""
    said = run("ip", "netns", "exec", lab.tx, "taskset", "-c", str(cpu),
               MSEND, "--json", "--packet", "--source",
               "10.1.0.0+%d" % flows if flows > 1 else "10.1.0.1", "--rate", "0",
               "--duration", str(seconds), "%s:%d" % (GROUP, PORT), "eth0")
    flow = json.loads(said.splitlines()[-1])["flows"][0]
    return flow["packets"], flow["pps"]


def measure(reader, flows, seconds, cpu):
    try:
        reader.start()
        before = reader.get_cpu_ns()
        lost = reader.lab.count_lost()
        sent, rate = send(reader.lab, flows, seconds, cpu)
        reader.settle()
        spent = reader.get_cpu_ns() - before
        lost = reader.lab.count_lost() - lost
        counted = reader.stop()
    finally:
        reader.end()
    result = {"reader": reader.name, "flows": flows, "sent": sent, "rate": rate}
    if counted:
        got, dropped = counted
        if got is None:
            got = sent - dropped - lost
        dropped += lost
        if got + dropped != sent:
            raise BenchError("%s: %d got and %d dropped are not the %d that were sent"
                             % (reader.name, got, dropped, sent))
        result.update(got=got, dropped=dropped, cpu_ns=spent / got if got else None)
    return result


def spread(values):
    """Median and quartiles."""
    values = sorted(values)
    if len(values) < 2:
        return (values[0],) * 3
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


class Figure:
    """Ours beside a peer's, in pairs: one of each for each round."""

    def __init__(self, name, unit, peer, pairs, target=None, better="less"):
        self.name = name
        self.unit = unit
        self.peer = peer
        self.target = target
        self.better = better
        self.pairs = [(ours, theirs) for ours, theirs in pairs if theirs]

    def get_values(self):
        ratio, low, high = spread([ours / theirs for ours, theirs in self.pairs])
        return {
            "name": self.name, "peer": self.peer, "unit": self.unit,
            "ours": spread([pair[0] for pair in self.pairs])[0],
            "theirs": spread([pair[1] for pair in self.pairs])[0],
            "ratio": ratio, "q1": low, "q3": high, "rounds": len(self.pairs),
            "target": self.target, "better": self.better, "detail": False,
        }

    def print_line(self):
        values = self.get_values()
        verdict = ""
        if self.target:
            is_less = self.better == "less"
            is_met = (values["ratio"] <= self.target) == is_less
            verdict = "  %s %.2f: %s" % ("<=" if is_less else ">=", self.target,
                                         "reached" if is_met else "missed")
        print("%-50s %10.4g %-7s %-22s %10.4g %7.2f (%.2f - %.2f)%s" % (
            self.name, values["ours"], self.unit, self.peer, values["theirs"],
            values["ratio"], values["q1"], values["q3"], verdict))


def print_figures(figures, is_json):
    """Those that were measured."""
    for figure in figures:
        if not figure.pairs:
            continue
        if is_json:
            print(json.dumps(figure.get_values()), flush=True)
        else:
            figure.print_line()


def make_parser(text):
    """The options that all have."""
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", metavar="TEXT")
    parser.add_argument("--json", action="store_true",
                        help="figures, an object a line, instead of tables")
    return parser


def get_cpus():
    """(for who listens, for who sends)"""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[0], cpus[-1]


def exit_on_signals():
    """So that what was made is removed."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
