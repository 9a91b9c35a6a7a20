#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""scrape.py PORT COMMAND: asks the metrics endpoint on 127.0.0.1.

get PATH [ACCEPT]    prints the body; status 1 unless it is 200
ask METHOD PATH      prints status, content type, Allow and the length of the body
crowd N              N clients at once, each wants a whole page; prints how many got one
half N               N connections with half a request, kept until standard input ends
slow                 asks for the page and reads none of it until standard input ends,
                     then all; prints its length
"""
import http.client
import socket
import sys
import threading

TIMEOUT = 15  # seconds
END = b"# EOF\n"


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)


def request(port, method, path, accept=None):
    connection = connect(port)
    connection.request(method, path, headers={"Accept": accept} if accept else {})
    response = connection.getresponse()
    return response, response.read()


def get(port, path, accept=None):
    response, body = request(port, "GET", path, accept)
    sys.stdout.buffer.write(body)
    sys.exit(response.status != 200)


def ask(port, method, path):
    response, body = request(port, method, path)
    print(response.status, response.getheader("Content-Type"),
          response.getheader("Allow", "-"), len(body))


def crowd(port, n):
    barrier = threading.Barrier(int(n))
    n_whole = []

    def run():
        barrier.wait()
        try:
            response, body = request(port, "GET", "/metrics")
        except (OSError, http.client.HTTPException) as error:
            print(error, file=sys.stderr)
            return
        if response.status == 200 and body.endswith(END):
            n_whole.append(1)

    threads = [threading.Thread(target=run) for _ in range(int(n))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(n_whole))


def half(port, n):
    sockets = []
    for _ in range(int(n)):
        sockets.append(socket.create_connection(("127.0.0.1", port), TIMEOUT))
        sockets[-1].sendall(b"GET /metrics HTTP/1.1\r\nHost: ")
    print("open", flush=True)
    sys.stdin.read()


def slow(port):
    connection = connect(port)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    print("asked", flush=True)
    sys.stdin.read()
    body = response.read()
    print(len(body) if body.endswith(END) else "cut")


COMMANDS = {"get": get, "ask": ask, "crowd": crowd, "half": half, "slow": slow}

COMMANDS[sys.argv[2]](int(sys.argv[1]), *sys.argv[3:])
