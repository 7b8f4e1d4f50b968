"""Receives the pictures of numpy_camera.py and prints how bright they are.

python examples/numpy_viewer.py
"""

from typing import Any

import click

from banyan.banyan_base import BanyanBase
from banyan.cli import program


class Viewer(BanyanBase):
    def __init__(self, **options: Any) -> None:
        super().__init__(numpy=True, **options)
        self.set_subscriber_topic("camera/")  # every topic that begins so: all cameras

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        # The array is read-only, a view of the received bytes; copy() it to draw into it.
        picture = payload["picture"]
        size = "x".join(map(str, picture.shape))
        print(f"{topic} {payload['number']}: {size}, mean {picture.mean():.1f}", flush=True)


@click.command()
@program.component_options("Viewer")
def command(**options: Any) -> None:
    """Print the mean of every picture published on camera/..."""
    with Viewer(**options) as viewer:
        viewer.receive_loop()


if __name__ == "__main__":
    raise SystemExit(program.run(command, "numpy_viewer"))
