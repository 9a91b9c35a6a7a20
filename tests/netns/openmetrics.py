#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""openmetrics.py [--text] [NAME [LABEL=VALUE]...] < PAGE

Reads a page of metrics as strictly as it can be read: OpenMetrics 1.0, or with --text the
older format 0.0.4. Says what is wrong and ends with status 1. With NAME: prints the
values of the lines of that name that have all of these labels.
"""
import math
import sys

from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser

# What readers of 0.0.4 know; they refuse the whole page for any other.
TEXT_TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


def check_text_lines(page):
    """What the parser of 0.0.4 lets pass, but others do not."""
    for line in page.splitlines():
        words = line.split(" ")
        if words[:2] == ["#", "TYPE"] and words[3] not in TEXT_TYPES:
            raise ValueError("no type of the text format: " + line)
        if not line:
            raise ValueError("an empty line")


def check_family(family, series):
    """What holds for any page of ours."""
    if not family.documentation and family.name != "" and family.type != "unknown":
        raise ValueError("no HELP: " + family.name)
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        if key in series:
            raise ValueError("twice: %s%s" % key)
        series.add(key)
        if sample.timestamp is not None:
            raise ValueError("a timestamp: " + sample.name)
        if not math.isfinite(sample.value) or sample.value < 0:
            raise ValueError("%s is %s" % (sample.name, sample.value))


def read_page(page, is_text):
    if is_text:
        check_text_lines(page)
        families = list(text_parser.text_string_to_metric_families(page))
    else:
        families = list(openmetrics_parser.text_string_to_metric_families(page))
    series = set()
    for family in families:
        check_family(family, series)
    if not series:
        raise ValueError("no line with a value")
    return [sample for family in families for sample in family.samples]


def main():
    arguments = sys.argv[1:]
    is_text = arguments[:1] == ["--text"]
    name, *labels = arguments[is_text:] or [None]
    wanted = dict(label.split("=", 1) for label in labels)
    try:
        samples = read_page(sys.stdin.buffer.read().decode("utf-8"), is_text)
    except ValueError as error:
        sys.exit("openmetrics: %s" % error)
    for sample in samples:
        if sample.name == name and wanted.items() <= sample.labels.items():
            print("%.15g" % sample.value)


main()
