"""pyzmq, msgpack and msgpack-numpy as their documentation shows them; no options are set."""

import msgpack
import zmq


class Ends:
    def __init__(self, options, receive):
        self.receive = receive
        self.context = zmq.Context()
        self.publisher = self.context.socket(zmq.PUB)
        self.publisher.connect(f"tcp://{options.address}:{options.publisher_port}")
        self.subscriber = self.context.socket(zmq.SUB)
        self.subscriber.connect(f"tcp://{options.address}:{options.subscriber_port}")
        for topic in options.topic:
            self.subscriber.subscribe(topic)
        self.unpack = {}
        if options.arrays:
            import msgpack_numpy

            self.unpack = {"object_hook": msgpack_numpy.decode}

    def publish(self, topic, payload):
        self.publisher.send_multipart([topic.encode(), msgpack.packb(payload)])

    def run(self):
        while True:
            topic, body = self.subscriber.recv_multipart()
            self.receive(topic.decode(), msgpack.unpackb(body, **self.unpack))

    def clean_up(self):
        self.publisher.close()
        self.subscriber.close()
        self.context.term()
