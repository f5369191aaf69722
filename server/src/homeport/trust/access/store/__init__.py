"""Policies, defaults and IP lists in SQL; countries from a file."""
