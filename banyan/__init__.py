"""Banyan: a backplane for processes.

The names python_banyan users import stay in flat modules::

    from banyan.banyan_base import BanyanBase
    from banyan.banyan_base_multi import BanyanBaseMulti

Importing this package imports neither, so that commands start fast.
"""

from banyan.version import __version__

__all__ = ["__version__"]
