"""Large payloads in memory that processes of one machine share; knows of files, not of sockets."""
