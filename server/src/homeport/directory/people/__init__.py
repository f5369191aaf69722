"""People: users, their states STAGED, ACTIVATED and SUSPENDED, and the REST API and pages for them.

A user's e-mail address and user name are unique and lower-case. Which identity of which provider belongs to a user is elsewhere, in
`trust.federation`; on which devices a user has an account is in `directory.devices`; people who administrate are in
`directory.admins`.
"""
