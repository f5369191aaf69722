"""`homeport export`, `plan` and `apply`: the configuration in one TOML file, compared with a running server over its REST API.

Here: `form` declares what may stand in the file, `reading` checks a file against it, `writing` writes one, `sections` reads and changes
each part on the server, `planning` compares, `applying` carries out, `commands` talks to people. Elsewhere: how a server is asked
(`cli.remote`), and the page of the reference that `form` becomes (`tools.reference`).
"""
