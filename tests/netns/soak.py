#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Soaks msfd: programs under the preload shim on a system without source filters change 200
sockets at random behind a snooping bridge, while things go wrong. After each of them all
programs stop for a moment, and three have to agree: what the sockets hold (msfctl show,
which asks them), what msfd holds (msfctl agent show), and what the bridge forwards (its
mdb against the merged filters, RFC 3376 3.2). At the end everything is closed, and msfd
must have nothing left and as many descriptors as at its start.

    soak.py [--seconds 20] [--seed N] [--faults NAME,...]

As root. msfctl and msfd are looked for in PATH, or in the build directory that BUILD
names. Prints TAP.
"""
import argparse
import collections
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 25
N_CLIENTS, N_SOCKETS = 8, 25


def run(*command, **more):
    done = subprocess.run(command, check=True, capture_output=True, text=True, **more)
    return done.stdout


class Lab:
    """A host with two links to two snooping bridges with queriers."""

    def __init__(self, name):
        self.host, self.switch = name + "-h", name + "-s"

    def __enter__(self):
        for netns in self.host, self.switch:
            run("ip", "netns", "add", netns)
        run("ip", "-n", self.host, "link", "set", "lo", "up")
        self.sysctl("net.ipv4.conf.all.force_igmp_version=2")
        self.sysctl("net.ipv6.conf.all.force_mld_version=1")
        self.sysctl("net.ipv6.conf.default.accept_dad=0")
        for link in "eth0", "eth1":
            self.add_bridge("br-" + link)
            self.add_link(link)
        return self

    def sysctl(self, assignment):
        run("ip", "netns", "exec", self.host, "sysctl", "-qw", assignment)

    def add_bridge(self, name):
        run("ip", "-n", self.switch, "link", "add", name, "type", "bridge",
            *("mcast_snooping 1 mcast_igmp_version 3 mcast_mld_version 2 "
              "mcast_query_interval 300 mcast_query_response_interval 200 "
              "mcast_last_member_interval 40 mcast_membership_interval 1000 "
              "mcast_startup_query_interval 100 mcast_querier_interval 800 "
              "mcast_query_use_ifaddr 1 mcast_querier 1").split())
        number = 1 if name.endswith("0") else 2
        run("ip", "-n", self.switch, "address", "add", f"10.{8 + number}.0.254/24",
            "dev", name)
        run("ip", "-n", self.switch, "link", "set", name, "up")

    def add_link(self, name):
        number = 9 + int(name[-1])
        run("ip", "-n", self.switch, "link", "add", "p" + name, "type", "veth", "peer",
            "name", name, "netns", self.host)
        run("ip", "-n", self.switch, "link", "set", "p" + name,
            "master", "br-" + name, "up")
        run("ip", "-n", self.host, "address", "add", f"10.{number}.0.100/24",
            "dev", name)
        run("ip", "-n", self.host, "link", "set", name, "up")

    def __exit__(self, *_):
        for netns in self.host, self.switch:
            subprocess.run(["ip", "netns", "del", netns], capture_output=True)

    def in_host(self, *command, **more):
        return subprocess.Popen(["ip", "netns", "exec", self.host, *command], **more)

    def get_mdb(self):
        """{(link, group): (mode, sources that it names)} of the ports."""
        found = {}
        rows = run("bridge", "-n", self.switch, "-d", "-s", "-j", "mdb", "show")
        for row in json.loads(rows):
            for entry in row.get("mdb", ()):
                if not entry["port"].startswith("p") or "src" in entry:
                    continue
                mode = entry.get("filter_mode", "exclude")
                is_wanted = (lambda s: s["timer"] != "0.00") if mode == "include" else (
                    lambda s: s["timer"] == "0.00")
                sources = filter(is_wanted, entry.get("source_list", ()))
                found[entry["port"][1:], entry["grp"]] = (
                    mode, tuple(sorted(s["address"] for s in sources)))
        return found


class Agent:
    """msfd, which is started again when it was killed."""

    def __init__(self, lab, folder):
        self.lab, self.folder = lab, folder
        self.path = os.path.join(folder, "msfd.sock")
        self.log = open(os.path.join(folder, "..", "msfd.log"), "w+")
        self.process = None

    def start(self):
        self.process = self.lab.in_host("msfd", "--foreground", "--suppress-kernel",
                                        "--socket", self.path, "--config", "/dev/null",
                                        stdout=self.log, stderr=self.log)

    def wait_until_served(self):
        """Its socket is there a moment before anybody listens."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                return self.ask("status")
            except subprocess.CalledProcessError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.process.wait()

    def get_fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def get_rss(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            rss = next(line for line in status if line.startswith("VmRSS"))
        return int(rss.split()[1])

    def ask(self, *words):
        out = run("ip", "netns", "exec", self.lab.host,
                  "msfctl", "agent", *words, "--json",
                  env={**os.environ, "MSF_AGENT": self.path}, timeout=10)
        return [json.loads(line) for line in out.splitlines()]


class Clients:
    def __init__(self, lab, agent, chance):
        self.lab, self.agent, self.chance = lab, agent, chance
        self.processes = []

    def start(self):
        process = self.lab.in_host(
            sys.executable, os.path.join(HERE, "no-filters.py"), "ENOPROTOOPT",
            "msfctl", "run", "--", sys.executable, os.path.join(HERE, "soak-client.py"),
            str(self.chance.randrange(1 << 30)), str(N_SOCKETS), "eth0", "eth1",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "MSF_AGENT": self.agent.path})
        self.processes.append(process)

    def tell(self, word, answer=None):
        for process in self.processes:
            process.stdin.write(word + "\n")
            process.stdin.flush()
        for process in self.processes if answer else ():
            line = process.stdout.readline().strip()
            if line != answer:
                raise AssertionError(f"a program said {line!r}, not {answer!r}")

    def kill_one(self):
        victim = self.processes.pop(self.chance.randrange(len(self.processes)))
        victim.kill()
        victim.wait()
        self.start()
        self.processes[-1].stdin.write("go\n")
        self.processes[-1].stdin.flush()


class Soak:
    def __init__(self, lab, agent, clients, chance):
        self.lab, self.agent, self.clients, self.chance = lab, agent, clients, chance

    # What may go wrong.

    def nothing(self):
        time.sleep(0.5)

    def kill_msfd(self):
        self.agent.kill()
        time.sleep(self.chance.choice((0, 0.05, 0.5, 1.2)))
        self.agent.start()

    def kill_program(self):
        self.clients.kill_one()

    def kill_both(self):
        self.agent.kill()
        self.clients.kill_one()
        self.agent.start()

    def stop_msfd_for_a_while(self):
        self.agent.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        self.agent.process.send_signal(signal.SIGCONT)

    def link_down_and_up(self):
        run("ip", "-n", self.lab.switch, "link", "set", "peth0", "down")
        time.sleep(0.3)
        run("ip", "-n", self.lab.switch, "link", "set", "peth0", "up")

    def interface_recreated(self):
        run("ip", "-n", self.lab.switch, "link", "del", "peth1")
        time.sleep(0.2)
        self.lab.add_link("eth1")

    def address_removed(self):
        for change in "del 100", "add 101", "del 101", "add 100":
            verb, address = change.split()
            run("ip", "-n", self.lab.host, "address", verb, f"10.9.0.{address}/24",
                "dev", "eth0")
            time.sleep(0.1)

    def mtu_changed(self):
        for mtu in "1290", "1500":
            run("ip", "-n", self.lab.host, "link", "set", "eth0", "mtu", mtu)
            time.sleep(0.2)

    def netlink_overrun(self):
        self.agent.process.send_signal(signal.SIGSTOP)
        for verb in "add", "del":
            lines = (f"address {verb} 10.77.{i // 250}.{i % 250 + 1}/32 dev lo\n"
                     for i in range(4000))
            run("ip", "-n", self.lab.host, "-batch", "-", input="".join(lines))
        self.agent.process.send_signal(signal.SIGCONT)

    def disk_full(self):
        full = os.path.join(self.agent.folder, "full")
        try:
            with open(full, "wb", buffering=0) as out:
                while True:
                    out.write(bytes(65536))
        except OSError:
            pass
        time.sleep(1)
        self.agent.kill()
        self.agent.start()
        time.sleep(0.5)
        os.unlink(full)

    def flooding(self):
        """Programs that say nothing sensible, as many as msfd takes."""
        ends = []
        for _ in range(200):
            end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            end.setblocking(False)
            try:
                end.connect(self.agent.path)
                for _ in range(20):
                    end.send(self.chance.randbytes(self.chance.randrange(1, 400)))
            except OSError:
                pass
            ends.append(end)
        time.sleep(0.5)
        for end in ends:
            end.close()

    # What has to be true after it.

    def read_sockets(self):
        out = run("ip", "netns", "exec", self.lab.host,
                  "msfctl", "show", "--here", "--json")
        held = {}
        for row in map(json.loads, out.splitlines()):
            if row.get("backend") == "asm" and row["interface"] and row["mode"]:
                held[row["socket"], row["ifindex"], row["group"]] = (
                    row["mode"], tuple(sorted(row["sources"])))
        return held

    def read_agent(self):
        return {(row["socket"], row["ifindex"], row["group"]):
                (row["mode"], tuple(sorted(row["sources"])))
                for row in self.agent.ask("show") if row["kind"] == "socket"}

    def merge(self, held):
        """RFC 3376 3.2, and RFC 4604: in the SSM range only INCLUDE filters count."""
        names = {row["ifindex"]: row["ifname"] for row in
                 json.loads(run("ip", "-n", self.lab.host, "-j", "link"))}
        groups = collections.defaultdict(list)
        for (_, ifindex, group), filter_ in held.items():
            is_ssm = group.startswith("232.") or group.startswith("ff3e:")
            if ifindex in names and not (is_ssm and filter_[0] == "exclude"):
                groups[names[ifindex], group].append(filter_)
        merged = {}
        for key, filters in groups.items():
            excludes = [set(s) for mode, s in filters if mode == "exclude"]
            includes = set().union(*(s for mode, s in filters if mode == "include"))
            if excludes:
                named = set.intersection(*excludes) - includes
                merged[key] = "exclude", tuple(sorted(named))
            elif includes:
                merged[key] = "include", tuple(sorted(includes))
        return merged

    def is_settled(self):
        held = self.read_sockets()
        told = self.read_agent()
        if held != told:
            return "msfd holds something else", held, told
        merged, mdb = self.merge(held), self.lab.get_mdb()
        mdb = {key: value for key, value in mdb.items()
               if key in merged or self.is_ours(key[1])}
        if merged != mdb:
            return "the bridge has something else", merged, mdb
        return None

    @staticmethod
    def is_ours(group):
        return group.startswith(("232.1.", "239.1.", "ff3e::", "ff1e::"))

    def wait_until_settled(self):
        self.clients.tell("pause", "paused")
        start, why = time.monotonic(), None
        while time.monotonic() < start + DEADLINE:
            if self.agent.process.poll() is not None:
                raise AssertionError(
                    f"msfd ended by itself: {self.agent.process.returncode}")
            try:
                why = self.is_settled()
            except subprocess.CalledProcessError as error:
                why = f"{error.cmd}: {error.stderr}", {}, {}
            if why is None:
                return time.monotonic() - start
            time.sleep(0.1)
        text, left, right = why
        wrong = [f"{key}: {left.get(key)}, not {right.get(key)}"
                 for key in sorted(left.keys() | right.keys(), key=str)
                 if left.get(key) != right.get(key)]
        raise AssertionError("\n".join([text, *wrong[:20]]))


FAULTS = ("nothing kill_msfd kill_program kill_both stop_msfd_for_a_while "
          "link_down_and_up interface_recreated address_removed mtu_changed "
          "netlink_overrun disk_full flooding").split()


COUNTS = "memberships sources sent lost received dropped messages refused memory".split()


class Tap:
    def __init__(self):
        self.n = 0
        self.n_failed = 0

    def say(self, is_right, what, more=""):
        self.n += 1
        self.n_failed += not is_right
        print(f"{'ok' if is_right else 'not ok'} {self.n} - {what}", flush=True)
        for line in more.splitlines():
            print("#", line, flush=True)


def soak(tap, options, subject):
    start, settled = time.monotonic(), collections.defaultdict(list)
    queue = []
    while time.monotonic() - start < options.seconds or queue:
        if not queue:
            queue = options.faults.split(",")
            subject.chance.shuffle(queue)
        fault = queue.pop()
        subject.clients.tell("go")
        time.sleep(subject.chance.uniform(0.2, 0.6))
        try:
            getattr(subject, fault)()
            time.sleep(subject.chance.uniform(0, 0.3))
            settled[fault].append(subject.wait_until_settled())
        except AssertionError as error:
            tap.say(False, f"{fault}: all agree", str(error))
            return False
    for fault, times in sorted(settled.items()):
        tap.say(True, f"{fault}: all agree", f"{len(times)} times, the longest took "
                f"{max(times):.1f} s")
    return True


def end(tap, subject, n_fds):
    subject.clients.tell("close", "closed")
    deadline = time.monotonic() + DEADLINE
    left = [None]
    while left and time.monotonic() < deadline:
        left = [row for row in subject.agent.ask("show") if row["kind"] == "socket"]
    tap.say(not left, "nothing is left of sockets that are closed", str(left)[:500])
    status = subject.agent.ask("status")[0]
    tap.say(status["memberships"] == status["sources"] == 0, "and nothing is counted",
            ", ".join(f"{key} {status[key]}" for key in COUNTS))
    for process in subject.clients.processes:
        process.stdin.close()
        process.wait()
    subject.clients.processes = []
    while subject.agent.get_fds() > n_fds and time.monotonic() < deadline:
        time.sleep(0.1)
    tap.say(subject.agent.get_fds() <= n_fds, "msfd has the descriptors of its start",
            f"{n_fds} and {subject.agent.get_fds()}; "
            f"{subject.agent.get_rss()} kB resident")
    status = subject.agent.kill(signal.SIGTERM)
    tap.say(status == 0, "msfd ends when it is told to", f"status {status}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--faults", default=",".join(FAULTS))
    options = parser.parse_args()
    if "BUILD" in os.environ:
        build = os.path.abspath(os.environ["BUILD"])
        os.environ["PATH"] = ":".join([build + "/tools/msfctl", build + "/compat/msfd",
                                       os.environ["PATH"]])
    chance = random.Random(options.seed)
    tap = Tap()
    print(f"# seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as work, Lab(f"soak{os.getpid()}") as lab:
        folder = os.path.join(work, "run")
        os.mkdir(folder)
        os.chmod(work, 0o755)
        run("mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", folder)
        agent = Agent(lab, folder)
        clients = Clients(lab, agent, chance)
        try:
            agent.start()
            agent.wait_until_served()
            n_fds = agent.get_fds()
            for _ in range(N_CLIENTS):
                clients.start()
            subject = Soak(lab, agent, clients, chance)
            if soak(tap, options, subject):
                end(tap, subject, n_fds)
        finally:
            for process in clients.processes:
                process.kill()
                process.wait()
            if agent.process and agent.process.poll() is None:
                agent.kill()
            run("umount", folder)
            agent.log.seek(0)
            words = agent.log.read().splitlines()
            for line in words[-15:] if tap.n_failed else ():
                print("# msfd:", line)
    print(f"1..{tap.n}")
    return tap.n_failed != 0


sys.exit(main())
