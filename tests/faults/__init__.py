"""Faults: what a backplane and its components go through, for three systems alike.

`python -m faults` (`make faults`) runs every case against a plain ZeroMQ proxy, python-banyan 3.17
and Banyan; `test_faults.py` runs them against Banyan alone. Systems are black boxes: cases see
ports, processes and memory.
"""
