"""The backplane daemon: forwards every message from its publishers to the subscribers who asked."""
