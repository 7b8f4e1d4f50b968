"""The only rooms that touch zmq: sockets and their options, proven paths, finding a backplane."""
