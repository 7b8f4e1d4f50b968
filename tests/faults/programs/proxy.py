"""The backplane anybody writes first: `proxy.py PUBLISHER_PORT SUBSCRIBER_PORT`."""

import sys

import zmq

context = zmq.Context()
front, back = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
front.bind(f"tcp://*:{sys.argv[1]}")
back.bind(f"tcp://*:{sys.argv[2]}")
zmq.proxy(front, back)
