"""Writes docs/reference from the code: reason codes, settings, permissions, events, commands. `python -m tools.reference` renews the pages."""
