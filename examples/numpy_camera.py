"""Publishes pictures as numpy arrays; numpy_viewer.py receives them.

    python examples/numpy_camera.py

A real camera would hand over the same kind of array: rows x columns x colours, one byte each. With
--shared the pictures stay in shared memory, for viewers on this machine.
"""

from typing import Any

import click
import numpy

from banyan.banyan_base import BanyanBase
from banyan.cli import program

ROWS, COLUMNS, COLOURS = 240, 320, 3


class Camera(BanyanBase):
    def __init__(self, **options: Any) -> None:
        # numpy=True lets arrays travel, anywhere inside a payload. The loop does the timing:
        # it calls this function about every `loop_time` seconds while nothing arrives.
        super().__init__(numpy=True, receive_loop_idle_addition=self.take_picture, **options)
        self.taken = 0

    def take_picture(self) -> None:
        picture = numpy.zeros((ROWS, COLUMNS, COLOURS), numpy.uint8)
        picture[:, : self.taken * 10 % COLUMNS] = 255  # a white area that grows
        self.publish_payload({"number": self.taken, "picture": picture}, "camera/front")
        self.taken += 1


@click.command()
@program.component_options("Camera")
@click.option("--shared", is_flag=True, help="Leave the pictures in shared memory.")
def command(loop_time: float, **options: Any) -> None:
    """Publish about five pictures a second on camera/front."""
    with Camera(loop_time=max(loop_time, 0.2), **options) as camera:
        camera.receive_loop()


if __name__ == "__main__":
    raise SystemExit(program.run(command, "numpy_camera"))
