#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""browser.py PAGE: opens a page in headless Chromium and prints, as one JSON object,
what is in it, what it asked for, and how it looks on light and dark screens.

It talks the DevTools protocol over a pipe, so that no port is opened."""

import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time

DEADLINE = 60  # seconds for all of it

FACTS = """(() => {
  const all = (what, from = document) => [...from.querySelectorAll(what)];
  const table = id => all('#' + id + ' tbody tr').map(
    row => all('td', row).map(cell => cell.innerText));
  return {
    title: document.title,
    heading: document.querySelector('h1').innerText,
    finding: document.querySelector('.finding').innerText,
    flows: table('flows'),
    interfaces: table('interfaces'),
    plots: all('figure.flow').map(figure => ({
      name: figure.querySelector('h3').innerText,
      lines: all('polyline', figure).map(line => line.points.numberOfItems),
      bars: all('rect.lost', figure).length,
      words: all('title', figure).map(title => title.textContent),
      ticks: all('text', figure).map(text => text.textContent),
      box: (box => [box.width, box.height])(
        figure.querySelector('polyline').getBoundingClientRect()),
      inside: all('polyline, rect, line, path, text', figure).every(part => {
        const own = part.getBoundingClientRect();
        const svg = part.ownerSVGElement.getBoundingClientRect();
        return own.left >= svg.left - 1 && own.right <= svg.right + 1 &&
          own.top >= svg.top - 1 && own.bottom <= svg.bottom + 1;
      }),
    })),
    targets: all('a').every(a => document.getElementById(a.hash.slice(1))),
    scripts: document.scripts.length,
    is_wide: document.documentElement.scrollWidth >
      document.documentElement.clientWidth,
  };
})()"""

COLOURS = """(() => {
  const get = (what, property) =>
    getComputedStyle(document.querySelector(what))[property];
  return { back: get('body', 'backgroundColor'), text: get('body', 'color'),
    mute: get('.span', 'color'), rate: get('.rate', 'stroke'),
    title: get('svg .title', 'fill') };
})()"""


class Browser:
    def __init__(self, profile):
        child_in, self.out = map(out_of_the_way, os.pipe())
        self.inp, child_out = map(out_of_the_way, os.pipe())

        def place():
            os.dup2(child_in, 3)
            os.dup2(child_out, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--remote-debugging-pipe",
             "--window-size=1200,900", "--user-data-dir=" + profile],
            preexec_fn=place, pass_fds=(3, 4), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(child_in)
        os.close(child_out)
        self.end = time.monotonic() + DEADLINE
        self.rest = b""
        self.n_sent = 0
        self.session = None
        self.events = []

    def read(self):
        """The next message."""
        while b"\0" not in self.rest:
            left = self.end - time.monotonic()
            if left <= 0 or not select.select([self.inp], [], [], left)[0]:
                raise TimeoutError("the browser says nothing")
            data = os.read(self.inp, 65536)
            if not data:
                raise EOFError("the browser has ended")
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **params):
        self.n_sent += 1
        message = {"id": self.n_sent, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") != self.n_sent:
                self.events.append(answer)
                continue
            if "error" in answer:
                raise RuntimeError(answer["error"])
            return answer["result"]

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.read())

    def ask(self, expression):
        result = self.call("Runtime.evaluate", expression=expression,
                           returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"]["value"]

    def stop(self):
        os.close(self.out)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.inp)


def out_of_the_way(fd):
    """Descriptors 3 and 4 are for the browser."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


def look(browser, url):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target,
                                   flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Runtime", "Log"):
        browser.call(domain + ".enable")
    browser.call("Page.navigate", url=url)
    browser.wait("Page.loadEventFired")
    facts = browser.ask(FACTS)
    for scheme in ("light", "dark"):
        browser.call("Emulation.setEmulatedMedia", media="screen",
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        facts[scheme] = browser.ask(COLOURS)
    browser.call("Emulation.setEmulatedMedia", media="print",
                 features=[{"name": "prefers-color-scheme", "value": "dark"}])
    facts["print"] = browser.ask(COLOURS)
    facts["requests"] = [event["params"]["request"]["url"] for event in browser.events
                         if event.get("method") == "Network.requestWillBeSent"]
    facts["complaints"] = [event["params"] for event in browser.events
                           if event.get("method") in ("Log.entryAdded",
                                                      "Runtime.consoleAPICalled",
                                                      "Runtime.exceptionThrown")]
    return facts


def main():
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            facts = look(browser, "file://" + os.path.abspath(sys.argv[1]))
        finally:
            browser.stop()
    json.dump(facts, sys.stdout)
    print()


main()
