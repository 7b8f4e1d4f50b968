"""What tests share: free ports, programs as processes, a running backplane."""

from tools.backplanes import Backplane, running_backplane
from tools.ports import free_port, free_ports
from tools.programs import CHECKOUT, Program, component, eventually

__all__ = [
    "CHECKOUT",
    "Backplane",
    "Program",
    "component",
    "eventually",
    "free_port",
    "free_ports",
    "running_backplane",
]
