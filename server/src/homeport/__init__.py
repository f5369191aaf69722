"""Homeport: a self-hosted directory that connects an identity provider to devices."""

__version__ = "0.1.0"
