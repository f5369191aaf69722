"""Administrators, their roles and what each role may do, the one-time links that make them, and their API keys.

How an administrator signs in with a password, and the sessions, are elsewhere, in `trust.signin.password`; the people who sign in
to devices are in `directory.people`. `model.ROLES` is the one table of permissions; an API key and a session never carry
permissions of their own but look up the administrator's present role at each request.
"""
