"""Routing specifications: which backplanes a component is wired to. Pure: no sockets."""
