"""Apple's Automated Device Enrollment service: the server token, its inventory, and the profile each Mac fetches at its first boot.

`token` reads what Apple Business Manager gives, `client` speaks to the service, `sync` keeps the inventory, `profiles` defines and
assigns by comparing what is wanted with what Apple says. Who signs in on a Mac afterwards is in `enrollment`.
"""
