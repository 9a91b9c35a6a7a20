#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""
Runs what a document shows: run.py ROOT BUILD DOCUMENT. Prints TAP, a test for each
section that has something to run.

    ```console  commands behind "$ ", run by the bash of examples/lab-shell.sh; the lines
                up to the next command are what it prints. "> " continues a command. The
                blocks of a section (##) share a lab, and each section has its own. A
                command that fails, or several with the same status, is followed by
                "echo $?".
    ```c        is compiled with -Wall -Wextra -Werror; the first block of a document
                stands before each of the others.
    ```text     is not run.

Blanks do not count when output is compared. "..." alone on a line stands for any
number of lines, and at the end of a line for its rest. A number may be another one
where it has a decimal point, a unit of time, or two digits and more: process numbers,
rates, latencies. Addresses, and counts below ten, must be as they are shown.
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import tempfile

LIMIT = 20  # seconds that a lab may take
BEGIN, END = "\x01", "\x02"
NUMBER = re.compile(r"[-+(]?\d+(\.\d+)?(ns|us|ms|s|k|M|G)?[)%;,]?$")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[-+]\d\d:\d\d)|\b\d\d:\d\d:\d\d(\.\d+)?\b")

UNIT = re.compile(r"(\d) (ns|us|ms|s)\b")


class Command:
    def __init__(self, line, text):
        self.line, self.text, self.shown = line, text, []
        self.said, self.status = [], None


def read_sections(path):
    """[(title, [(line, kind, lines)])]"""
    sections, block, kind, start = [("introduction", [])], None, "", 0
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        if block is not None:
            if line == "```":
                sections[-1][1].append((start, kind, block))
                block = None
            else:
                block.append(line)
        elif line.startswith("```"):
            kind, block, start = line[3:], [], number
        elif line.startswith("## "):
            sections.append((line[3:], []))
    if block is not None:
        sys.exit(f"{path}:{start}: the block has no end")
    return sections


def read_commands(start, lines):
    commands = []
    for number, line in enumerate(lines, start + 1):
        if line.startswith("$ "):
            commands.append(Command(number, line[2:]))
        elif line.startswith("> ") and commands and not commands[-1].shown:
            commands[-1].text += "\n" + line[2:]
        elif commands:
            commands[-1].shown.append(line)
        else:
            raise ValueError(f"line {number}: no command before it")
    return commands


def make_script(commands):
    """Each command as it is, between marks, with the status of the one before it."""
    lines = ["set -m", "_s=0"]
    for i, command in enumerate(commands):
        lines += [f"printf '{BEGIN}{i}\\n'", "(exit $_s)", command.text, "_s=$?",
                  f"printf '{END}{i} %s\\n' $_s"]
    return "\n".join(lines) + "\n"


def run_lab(root, build, commands):
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "script")
        with open(script, "w", encoding="utf-8") as file:
            file.write(make_script(commands))
        lab = subprocess.Popen(
            [os.path.join(root, "examples/lab-shell.sh"), build, script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        try:
            said = lab.communicate(timeout=LIMIT)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(lab.pid, signal.SIGTERM)  # bash waits for what it runs
            said = lab.communicate()[0].decode(errors="replace")
    share_out(said, commands)
    return said


def share_out(said, commands):
    current = None
    for line in said.split("\n"):
        # A mark may stand behind output that has no newline.
        text, mark, rest = re.match(r"([^\x01\x02]*)([\x01\x02]?)(.*)", line).groups()
        if text and current is not None:
            commands[current].said.append(text)
        if mark == BEGIN:
            current = int(rest)
        elif mark == END:
            commands[int(rest.split()[0])].status = int(rest.split()[1])
            current = None


def may_differ(word):
    return NUMBER.match(word) and (
        "." in word or re.search(r"\d(ns|us|ms|s)\b|\d{2}", word))


def same_word(shown, said):
    return shown == said or bool(may_differ(shown) and may_differ(said))


def same_line(shown, said):
    words = [UNIT.sub(r"\1\2", TIME.sub("TIME", line)).split()
             for line in (shown, said)]
    if words[0] and words[0][-1].endswith("..."):
        words[1] = words[1][:len(words[0])]
        if len(words[1]) < len(words[0]):
            return False
        stem = words[0].pop()[:-3]
        if not words[1].pop().startswith(stem):
            return False
    return len(words[0]) == len(words[1]) and all(map(same_word, *words))


def same_lines(shown, said):
    if not shown:
        return not said
    if shown[0].strip() == "...":
        return any(same_lines(shown[1:], said[i:]) for i in range(len(said) + 1))
    return bool(said) and same_line(shown[0], said[0]) and \
        same_lines(shown[1:], said[1:])


def strip(lines):
    return [line for line in lines if line.strip()]


def judge(commands):
    """What is not as shown, in lines."""
    for command, after in zip(commands, commands[1:] + [None]):
        where = f"line {command.line}: $ {command.text}"
        if command.status is None:
            yield f"{where}: did not end"
            return
        if not same_lines(strip(command.shown), strip(command.said)):
            yield where
            yield from ("  shown: " + line for line in strip(command.shown))
            yield from ("  said:  " + line for line in strip(command.said))
        if command.status and not (after and (
                "$?" in after.text or after.status == command.status)):
            yield f"{where}: status {command.status}, which is not shown"


def check_console(root, build, blocks):
    commands = [c for start, lines in blocks for c in read_commands(start, lines)]
    run_lab(root, build, commands)
    return list(judge(commands))


def check_c(root, prelude, start, lines):
    text = "\n".join(prelude + [f"#line {start + 1}"] + lines) + "\n"
    cc = os.environ.get("CC", "cc").split()
    done = subprocess.run(
        cc + ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", root + "/include",
              "-fsyntax-only", "-x", "c", "-"],
        input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.splitlines() if done.returncode else []


def list_checks(root, build, path):
    """(sentence, function, arguments)"""
    prelude = None
    for title, blocks in read_sections(path):
        consoles = [(start, lines) for start, kind, lines in blocks if kind == "console"]
        if consoles:
            yield f"{title}: is as shown", check_console, (root, build, consoles)
        for start, kind, lines in blocks:
            if kind == "c":
                yield (f"{title}: line {start} compiles", check_c,
                       (root, prelude or [], start, lines))
                prelude = prelude or lines
            elif kind not in ("console", "text"):
                sys.exit(f"{path}:{start}: what is ```{kind}?")


def main():
    root, build, path = map(os.path.abspath, sys.argv[1:4])
    checks = list(list_checks(root, build, path))
    if not checks:
        sys.exit(f"{path}: nothing to run")
    failed = False
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        results = [pool.submit(check, *words) for _, check, words in checks]
        for number, ((sentence, _, _), result) in enumerate(zip(checks, results), 1):
            findings = result.result()
            failed = failed or bool(findings)
            print(("not " if findings else "") + f"ok {number} - {sentence}")
            for line in findings:
                print("# " + line)
    print(f"1..{len(checks)}")
    sys.exit(failed)


main()
