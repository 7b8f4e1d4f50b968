"""The wire: messages as frames and bytes. Pure: no sockets, no clock, no printing."""
