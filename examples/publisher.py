"""Counts on the topic `counter`. Start `backplane` first, and subscriber.py beside this."""

import time

from banyan.banyan_base import BanyanBase

with BanyanBase(process_name="Publisher") as publisher:
    for number in range(10):
        publisher.publish_payload({"number": number}, "counter")
        time.sleep(0.5)
