"""Stand-ins for the services Homeport talks to, with scriptable faults."""

__version__ = "0.1.0"
