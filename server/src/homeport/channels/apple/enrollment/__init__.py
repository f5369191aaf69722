"""The web view of Setup Assistant: a Mac says what it is, its person signs in with the provider, and gets a signed profile.

The session is kept here, from the one request that carries the Mac's MachineInfo until the certificate of its profile is issued;
`mdm` reads from it whose Mac it is. What a person may not do ends as a page that says what to do instead.
"""
