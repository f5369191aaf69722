"""The privileged half: checks orders the server signed and makes the device's accounts so.

It has no network. It speaks on a unix socket (``service``), believes only ``orders``, remembers in ``ledger`` and
``journal``, and acts through an ``AccountBackend``.
"""
