"""A component that counts what it receives and publishes what lines of JSON on stdin tell it.

`component.py FLAVOUR ADDRESS PUBLISHER_PORT SUBSCRIBER_PORT [options]`. FLAVOUR is a module beside
this one, with a class `Ends`. It runs in the Python of the system under test, so it imports
nothing else of this project. `ready` is said when it receives. Commands, each answered by a line:

    {"do": "publish", "topic", "count", "size", "rate"}   numbered messages; rate 0: at full speed
    {"do": "state"}                                       what was received, by publisher
    {"do": "forget"}                                      begin to count anew
    {"do": "clean_up"}                                    leave, and say how long it took
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import threading
import time


class Ledger:
    """What was received, by publisher: how many, first, last, missing, out of order, twice."""

    def __init__(self):
        self.publishers = {}
        self.seen = {}
        self.other = 0

    def take(self, payload):
        if not isinstance(payload, dict) or "publisher" not in payload:
            self.other += 1
            return
        number = payload["number"]
        page = self.publishers.get(payload["publisher"])
        if page is None:
            self.publishers[payload["publisher"]] = {
                "received": 1, "first": number, "last": number,
                "missing": 0, "disorder": 0, "twice": 0,
            }  # fmt: skip
            self.seen[payload["publisher"]] = {number}
            return
        page["received"] += 1
        if number in self.seen[payload["publisher"]]:
            page["twice"] += 1
        elif number <= page["last"]:
            page["disorder"] += 1
        else:
            page["missing"] += number - page["last"] - 1
            page["last"] = number
        self.seen[payload["publisher"]].add(number)


class Program:
    def __init__(self, options):
        self.options = options
        self.ledger = Ledger()
        self.ends = importlib.import_module(options.flavour).Ends(options, self.receive)
        self.sent = 0

    def receive(self, topic, payload):
        if self.options.delay:
            time.sleep(self.options.delay)
        if self.options.arrays:
            str(payload)  # what is forged shows when it is touched
        if self.options.echo and isinstance(payload, dict):
            self.ends.publish("echo", payload)
        self.ledger.take(payload)

    def run(self):
        if self.options.still:
            print("ready", flush=True)
            self.obey()
        threading.Thread(target=self.obey, daemon=True).start()
        print("ready", flush=True)
        self.ends.run()

    def obey(self):
        for line in sys.stdin:
            command = json.loads(line)
            answer = getattr(self, command.pop("do"))(**command)
            print(json.dumps(answer), flush=True)
        os._exit(0)  # whoever started it has gone

    def publish(self, topic, count, size=0, rate=0):
        filling, started = b"x" * size, time.monotonic()
        for number in range(count):
            if rate and (ahead := started + number / rate - time.monotonic()) > 0:
                time.sleep(ahead)
            message = {"publisher": self.options.name, "number": self.sent, "filling": filling}
            self.ends.publish(topic, message)
            self.sent += 1
        took = time.monotonic() - started
        return {"publisher": self.options.name, "last": self.sent - 1, "seconds": took}

    def state(self):
        return {"publishers": self.ledger.publishers, "other": self.ledger.other}

    def forget(self):
        self.ledger = Ledger()
        self.sent = 0
        return {}

    def clean_up(self):
        started = time.monotonic()
        self.ends.clean_up()
        return {"seconds": time.monotonic() - started}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("flavour")
    parser.add_argument("address")
    parser.add_argument("publisher_port")
    parser.add_argument("subscriber_port")
    parser.add_argument("--name", default="a")
    parser.add_argument("--topic", action="append", default=[])
    parser.add_argument("--many", type=int, default=0, help="topics t00000 .. and so on")
    parser.add_argument("--delay", type=float, default=0, help="seconds spent on each message")
    parser.add_argument("--arrays", action="store_true")
    parser.add_argument("--echo", action="store_true")
    parser.add_argument("--still", action="store_true", help="receive nothing, only obey")
    parser.add_argument("--first", action="store_true", help="publish one at once, on `first`")
    options = parser.parse_args()
    options.topic += [f"t{number:05}" for number in range(options.many)]
    return options


if __name__ == "__main__":
    program = Program(arguments())
    if program.options.first:
        program.publish("first", 1)
    program.run()
