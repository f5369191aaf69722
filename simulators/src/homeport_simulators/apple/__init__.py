"""Apple's side of a Mac's first day: its services, and a Mac.

Nothing here is shared with the server: what a Mac signs and decrypts is done by the `openssl` command line, so that a mistake of the
server's own codec cannot hide in its twin.
"""
