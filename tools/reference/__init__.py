"""Writes docs/reference from the code: reason codes, settings, permissions. `python -m tools.reference` renews the pages."""
