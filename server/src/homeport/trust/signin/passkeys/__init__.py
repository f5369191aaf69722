"""Passkeys (WebAuthn, level 2): registered by who is signed in, and good for a sign-in without password and code.

One set of actions serves users and administrators, each over a table of their own. A passkey verifies its person (a fingerprint, a
PIN), so it counts as two factors. Who may sign in is decided where it always is: `person.actions.signin` and `password.actions.signin`.
"""
