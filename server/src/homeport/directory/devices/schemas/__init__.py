"""The slice's types on the wire, and how a path names a thing."""
