"""A user signs in to the user portal with a directory password: its status, one-time links, second factor, sessions and pages.

What administrators' sign-ins do alike is not written twice: sessions, the growing delay and the known browsers are those of
`trust.signin.password` over tables of users, the one-time passwords those of `directory.admins`. Where an access policy decides
about a sign-in is `ports.AccessPolicies`. The pages that show what belongs to the person (devices, sign-ins, details) are in
`channels.portal`; signing in at a device through an identity provider is in `trust.signin`.
"""
