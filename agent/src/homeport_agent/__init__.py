"""The device side of Homeport: keeps local accounts as the server wants them."""

__version__ = "0.1.0"
