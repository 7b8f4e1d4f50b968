"""Routing specifications: which backplanes a component is wired to. Pure: reads text, no sockets."""
