"""Commands that ask a running server over its REST API, with a key; the counterpart of `cli.local`.

Here: `access` finds the server's address and the key, `connection` asks and turns what goes wrong into a sentence, `secrets` reads what
must not be in an argument, `kinds` says how each kind of thing is listed, `showing` writes tables and JSON, `verbs` makes the commands
that all kinds share; one file for each kind of thing adds what only it can do. Nothing here opens the database.
"""
