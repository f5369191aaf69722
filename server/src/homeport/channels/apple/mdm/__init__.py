"""MDM: a Mac checks in, asks for commands, and ends up with its person's local account, verified.

`checkin` and `connect` are the two messages a Mac sends, `commands` builds what it is told, `release` decides when Setup Assistant
may go on, `binding` says whether the account is the one that was meant, `push` wakes Macs through APNs. Whose certificate it is
says `authority`; whose session, `enrollment`.
"""
