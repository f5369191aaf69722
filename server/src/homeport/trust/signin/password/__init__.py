"""Administrators sign in with e-mail and password: the sessions, the growing delay after failures, and the pages.

`Sessions` says at each request whose session a cookie names and what that person's present role may do. A password is checked between
two units of work (`PasswordSignIn.begin`, then the hash, then `finish`), because argon2id takes long enough to hold up every
writer. Who is an administrator, one-time links and the hasher are elsewhere, in `directory.admins`; signing in through an identity
provider is in `trust.signin`.
"""
