# SPDX-License-Identifier: BSD-2-Clause
"""
What tools.py runs: a command each, and how to tell that it has done its work. The links
are a pair in one namespace; what is sent on m1 arrives on m0.
"""
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

GROUP, SENDER, PORT = "232.1.1.1", "10.9.0.77", 5000
DEADLINE = 10
MCAST_JOIN_SOURCE_GROUP, MCAST_MSFILTER = 46, 48


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Links:
    def __init__(self, lab):
        self.lab = lab

    def __enter__(self):
        ip("link", "set", "lo", "up")
        ip("link", "add", "m0", "type", "veth", "peer", "name", "m1")
        for link in "m0", "m1":
            with open(f"/proc/sys/net/ipv6/conf/{link}/accept_dad", "w") as file:
                file.write("0")
            ip("link", "set", link, "up")
        ip("address", "add", "10.9.0.1/24", "dev", "m0")
        ip("address", "add", "fd09::1/64", "dev", "m0")
        ip("route", "add", "224.0.0.0/4", "dev", "m0")
        self.sender = subprocess.Popen(
            [self.lab.find("msend"), "--packet", "-q", "-r", "500", "-s", SENDER,
             f"{GROUP}:{PORT}", "m1"])
        self.member = subprocess.Popen(
            [self.lab.find("mjoin"), "-j", "-s", SENDER, f"{GROUP}:{PORT}", "m0"],
            stdout=subprocess.PIPE)
        self.member.stdout.readline()
        self.agent_path = os.path.join(self.lab.directory, "agent")
        self.agent = subprocess.Popen(
            [self.lab.find("msfd"), "-f", "-c", "/dev/null", "-s", self.agent_path,
             "-u", "root", "--no-journal"], stderr=subprocess.DEVNULL)
        end = time.monotonic() + DEADLINE
        while not Agent.ask(self.lab, self.agent_path, os.environ):
            if self.agent.poll() is not None or time.monotonic() > end:
                sys.exit("msfd does not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        for process in self.sender, self.member, self.agent:
            process.kill()
            process.wait()


def pack_address(text, port=0):
    return struct.pack("=HH4s", socket.AF_INET, socket.htons(port),
                       socket.inet_aton(text)).ljust(128, b"\0")


class Member:
    """A socket of this process with INCLUDE {10.9.0.77} for the group on m0."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ifindex = socket.if_nametoindex("m0")
        head = struct.pack("=I4x", self.ifindex) + pack_address(GROUP)
        self.socket.setsockopt(socket.IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP,
                               head + pack_address(SENDER))

    def look(self):
        """(mode, [source, ...])"""
        head = struct.pack("=I4x", self.ifindex) + pack_address(GROUP)
        answer = getsockopt(self.socket, head + struct.pack("=II", 0, 8), 8 * 128)
        mode, n = struct.unpack_from("=II", answer, 136)
        sources = [socket.inet_ntoa(answer[144 + 128 * i + 4:144 + 128 * i + 8])
                   for i in range(n)]
        return mode, sorted(sources)


def getsockopt(sock, question, room):
    """Python's own cannot ask with arguments."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    data = ctypes.create_string_buffer(question, len(question) + room)
    size = ctypes.c_uint32(len(data))
    if libc.getsockopt(sock.fileno(), socket.IPPROTO_IP, MCAST_MSFILTER, data,
                       ctypes.byref(size)) < 0:
        return struct.pack("=II", 1, 0).rjust(144, b"\0")
    return data.raw


class Scenario:
    """A command. normalise: what two runs have in common; lies: what success needs."""

    can_run_into = True

    def __init__(self, name, tool, *arguments, statuses=(0, 1), status=0, env=None,
                 stdin="", needs="", normalise=None, answers=False, n_lines=6,
                 is_chatty=False):
        self.name, self.tool, self.arguments = name, tool, arguments
        self.statuses, self.status, self.env = statuses, status, env or {}
        self.stdin, self.needs, self.cleaner = stdin, needs, normalise
        self.answers, self.n_lines, self.is_chatty = answers, n_lines, is_chatty

    def command(self, lab):
        return [lab.find(self.tool), *self.arguments]

    def run(self, lab, env):
        try:
            done = subprocess.run(self.command(lab), env=env, input=self.stdin,
                                  capture_output=True, text=True, timeout=DEADLINE,
                                  errors="replace", start_new_session=True)
        except subprocess.TimeoutExpired as late:
            return None, "", (late.stderr or b"").decode(errors="replace")
        return done.returncode, done.stdout, done.stderr

    def run_into(self, lab, out, limit=None):
        """Writes to a file, of so many bytes at most: (status, what it said)."""
        command = self.command(lab)
        if limit is not None:
            command = ["prlimit", f"--fsize={limit}", *command]
        try:
            done = subprocess.run(command, env=dict(os.environ, **self.env),
                                  input=self.stdin, stdout=out, stderr=subprocess.PIPE,
                                  text=True, timeout=DEADLINE, errors="replace",
                                  start_new_session=True, restore_signals=False)
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stderr

    def normalise(self, out):
        return self.cleaner(out) if self.cleaner else out

    def is_answer(self, result):
        """Status 1 that is no failure: doctor's."""
        return self.answers and result.out

    def find_lie(self, result):
        if not re.search(self.needs, result.out, re.S):
            return "it claims success: " + result.out
        return None


class Set(Scenario):
    """msfctl set on a new socket each time: all of it, or nothing."""

    can_run_into = False

    BEFORE = (1, [SENDER])
    AFTER = (1, ["10.9.0.78", "10.9.0.79"])

    def run(self, lab, env):
        member = Member()
        command = [lab.find("msfctl"), "set", "-p", str(os.getpid()), "-f",
                   str(member.socket.fileno()), GROUP, "m0", "include", "-"]
        self.command = lambda _: command
        try:
            done = subprocess.run(command, env=env, input="10.9.0.78\n10.9.0.79\n",
                                  capture_output=True, text=True, timeout=DEADLINE,
                                  errors="replace", start_new_session=True)
        except subprocess.TimeoutExpired as late:
            return None, "", (late.stderr or b"").decode(errors="replace")
        finally:
            held = member.look()
            member.socket.close()
        return done.returncode, done.stdout + f"\n{held}", done.stderr

    def find_lie(self, result):
        if not result.out.endswith(str(self.AFTER)):
            return "it claims success: " + result.out
        return None


class Agent(Scenario):
    """msfd with a fault somewhere; a program joins, asks, leaves, and it is told to end.
    It serves, or has ended and said why; and has as many descriptors as before."""

    can_run_into = False

    def run(self, lab, env):
        directory = tempfile.mkdtemp(dir=lab.directory)
        path = os.path.join(directory, "socket")
        plain = {key: value for key, value in env.items()
                 if not key.startswith("MSF_FAULT") and key != "LD_PRELOAD"}
        with open(os.path.join(directory, "log"), "w+", errors="replace") as log:
            msfd = subprocess.Popen(
                [lab.find("msfd"), "-f", "-c", "/dev/null", "-s", path, "-u", "root"],
                env=env, stdout=log, stderr=log, start_new_session=True)
            try:
                out = self.use(lab, msfd, path, plain)
                if msfd.poll() is None:
                    msfd.terminate()
                status = msfd.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                status, out = None, ""
            finally:
                msfd.kill()
                msfd.wait()
            log.seek(0)
            text = log.read()
            # what it was short of, it says
            if not out and re.search("accept-failed|client-refused", text):
                out = "refused"
            return status, out, text

    def use(self, lab, msfd, path, env):
        """What the client's side of it was; empty: msfd has ended before."""
        end = time.monotonic() + 3
        while not self.ask(lab, path, env):
            if msfd.poll() is not None or time.monotonic() > end:
                return ""
            time.sleep(0.01)
        n_before = self.count(msfd)
        env = dict(env, MSF_AGENT=path)
        done = subprocess.run(
            [lab.find("mjoin"), "--backend=asm", "-q", "-n", "1", "-t", "5", "-s", SENDER,
             f"{GROUP}:{PORT}", "m0"], env=env, capture_output=True, timeout=DEADLINE)
        if done.returncode == 1 and b"memory" in done.stderr:
            return ""
        if done.returncode:
            return f"mjoin failed: {done.stderr}"
        if msfd.poll() is not None:
            return ""
        # that it is gone may be seen later
        while self.count(msfd) > n_before + 1 and time.monotonic() < end:
            time.sleep(0.01)
        return f"served, {max(0, self.count(msfd) - n_before - 1)} descriptors leaked"

    @staticmethod
    def ask(lab, path, env):
        try:
            return subprocess.run([lab.find("msfctl"), "agent", "status"],
                                  env=dict(env, MSF_AGENT=path), capture_output=True,
                                  timeout=DEADLINE).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    @staticmethod
    def count(process):
        try:
            return len(os.listdir(f"/proc/{process.pid}/fd"))
        except FileNotFoundError:
            return 0

    def find_lie(self, result):
        if result.out in ("served, 0 descriptors leaked", "refused"):
            return None
        return result.out or "it ended as if it had been told to"


def drop_numbers(out):
    """Columns are as wide as their numbers, and a rate of no time at all is null. A
    socket has more holders (+1, or a line) while somebody else looks at it."""
    out = out.replace('"pps":null', '"pps":0')
    out = re.sub(r"(?m)^ *\d+ +msfctl +\d+ *$\n?", "", out)
    out = re.sub(r"[\d.,]+(e[-+]?[\d,]+)?", "N", out)
    return re.sub(r" +", " ", out).replace(" +N", "").strip()


def get_verdicts(out):
    """Of doctor. Whether a report is due depends on who else joins meanwhile."""
    return [line for line in re.findall(r"(?m)^\S+ +\S+", out)
            if not line.endswith("report")]


def count_lines(out):
    return len(out.splitlines()) > 1


def make(lab, links):
    channel = f"{GROUP}:{PORT}"
    asked = {"MSF_AGENT": links.agent_path}
    return [
        Scenario("mjoin", "mjoin", "-s", SENDER, "-n", "3", "-t", "5", channel, "m0",
                 statuses=(0, 1, 3), needs=SENDER, normalise=count_lines),
        Scenario("mjoin --json, asm", "mjoin", "-j", "-s", SENDER, "-n", "3", "-t", "5",
                 "--backend=asm", channel, "m0", statuses=(0, 1, 3), needs=SENDER,
                 normalise=count_lines),
        Scenario("mjoin of a file", "mjoin", "-q", "-f", "-", "-n", "3", "-t", "5", "-o",
                 "-",
                 statuses=(0, 1, 3), stdin=f"{SENDER}@{channel} m0\n",
                 needs=".", normalise=bool, is_chatty=True),
        Scenario("msend", "msend", "-c", "3", "-r", "0", "-j", "239.9.9.9:9", "m0",
                 needs='"sent":3|"packets":3', normalise=drop_numbers),
        Scenario("msend --packet", "msend", "-c", "3", "-r", "1000", "--packet",
                 "-s", "10.9.0.5", "--ts", "239.9.9.9:9", "m1", needs="3",
                 normalise=drop_numbers),
        Scenario("mwatch --json", "mwatch", "-j", "-n", "1", "-i", "0.1", "m0", channel,
                 needs=SENDER, normalise=count_lines),
        Scenario("mwatch --join", "mwatch", "-J", "-s", SENDER, "-n", "1", "-i", "0.1",
                 "--text", "m0", channel, needs=SENDER, normalise=count_lines),
        Scenario("msfctl show", "msfctl", "show", "-p", str(links.member.pid),
                 needs="232", normalise=drop_numbers),
        Scenario("msfctl get", "msfctl", "get", "-p", str(links.member.pid),
                 needs=SENDER, normalise=drop_numbers),
        Scenario("msfctl show --interfaces", "msfctl", "show", "-I",
                 needs="m0.*224.0.0.1", normalise=drop_numbers),
        Scenario("msfctl probe", "msfctl", "probe", needs="kernel"),
        Set("msfctl set", "msfctl"),
        Scenario("msfctl doctor", "msfctl", "doctor", "-w", "0.2", "-s", SENDER,
                 channel, "m0", statuses=(0, 1, 3), answers=True,
                 needs="summary", normalise=get_verdicts),
        Scenario("msfctl agent status", "msfctl", "agent", "status", env=asked,
                 needs="m0", normalise=drop_numbers),
        Scenario("msfctl agent tune", "msfctl", "agent", "tune", "robustness", "3",
                 env=asked),
        Scenario("msfctl agent join", "msfctl", "agent", "join", "239.8.8.8", "m0",
                 env=asked),
        Agent("msfd", "msfd", n_lines=20),
    ]
