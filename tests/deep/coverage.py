#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What was run of the product: coverage.py BUILD ROOT PAGE OUTPUT [COUNTS]

Reads the counts of all objects below BUILD and COUNTS with gcov: a line, or a function,
that is compiled into several of them was run when one of them ran it. Prints a table by
folder, and writes each line that none ran into OUTPUT. Exit status 1: a function is never
called that PAGE does not name (as `file:function`), or a folder is covered a point less
than the table there says.
"""
import json
import pathlib
import re
import subprocess
import sys

PRODUCT = ("lib/", "compat/", "tools/")
MARGIN = 1.0  # what a run differs from another by chance, in points
BATCH = 100


def read_counts(build, folders):
    """The documents that gcov makes of the objects."""
    objects = sorted(str(path) for folder in folders
                     for path in pathlib.Path(folder).rglob("*.gcda"))
    for i in range(0, len(objects), BATCH):
        text = subprocess.run(
            ["gcov", "--json-format", "--stdout", *objects[i:i + BATCH]], cwd=build,
            check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        for line in text.splitlines():
            if line.startswith(b"{"):
                yield json.loads(line)


def add_counts(document, build, root, lines, functions):
    for file in document["files"]:
        path = (pathlib.Path(build) / file["file"]).resolve()
        if root not in path.parents:
            continue
        name = str(path.relative_to(root))
        if not name.startswith(PRODUCT):
            continue
        at = lines.setdefault(name, {})
        for line in file["lines"]:
            key = (line["line_number"], line.get("function_name", ""))
            at[key] = at.get(key, 0) + line["count"]
        at = functions.setdefault(name, {})
        for function in file["functions"]:
            key = function["demangled_name"]
            at[key] = at.get(key, 0) + function["execution_count"]


def percent(part, whole):
    return 100 * part / whole if whole else 100


def sum_folders(lines, functions):
    """By folder: [lines run, lines, functions called, functions]."""
    folders = {}
    for name, counts in sorted(lines.items()):
        for folder in (name.rpartition("/")[0], "all"):
            total = folders.setdefault(folder, [0, 0, 0, 0])
            called = functions[name].values()
            total[0] += sum(1 for count in counts.values() if count)
            total[1] += len(counts)
            total[2] += sum(1 for count in called if count)
            total[3] += len(called)
    folders["all"] = folders.pop("all", [0, 0, 0, 0])
    return folders


def read_promises(text):
    rows = re.findall(r"^\| (\S+) \| \d+ of \d+ \| ([\d.]+) % \|", text, re.M)
    return {folder: float(figure) for folder, figure in rows}


def print_table(folders):
    print("| folder | lines | | functions |\n|---|---|---|---|")
    for folder, (run, n_lines, called, n_functions) in folders.items():
        print(f"| {folder} | {run} of {n_lines} | {percent(run, n_lines):.1f} %"
              f" | {called} of {n_functions} |")


def write_rest(lines, output):
    with open(output, "w", encoding="utf-8") as out:
        for name, counts in sorted(lines.items()):
            for (number, function), count in sorted(counts.items()):
                if not count:
                    out.write(f"{name}:{number}: {function}\n")


def main():
    build, root, page, output, *more = sys.argv[1:]
    root = pathlib.Path(root).resolve()
    lines, functions = {}, {}
    for document in read_counts(build, [build, *more]):
        add_counts(document, build, root, lines, functions)
    folders = sum_folders(lines, functions)
    print_table(folders)
    write_rest(lines, output)
    text = pathlib.Path(page).read_text(encoding="utf-8")
    wrong = [f"never called: {name}:{function}"
             for name, called in sorted(functions.items())
             for function, count in sorted(called.items())
             if not count and f"`{name}:{function}`" not in text]
    for folder, promise in read_promises(text).items():
        run, n_lines = folders.get(folder, [0, 1])[:2]
        if percent(run, n_lines) < promise - MARGIN:
            wrong.append(f"covered less than {page} says: {folder}")
    print("\n".join(wrong) or f"what no test runs: {output}")
    return 1 if wrong or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
