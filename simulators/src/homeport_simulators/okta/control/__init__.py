"""The control API under `/_simulator`: a test's hand on the org, for callers on the same machine only."""
