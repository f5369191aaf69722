"""Administrators as JumpCloud's API writes them, invitations and API keys in the same style."""
