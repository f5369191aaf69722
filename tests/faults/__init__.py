"""What breaks: processes killed at any moment, full disks, wrong clocks, databases put back; on real programs only.

`estate` is one organization with its server, its Okta and its devices; `person` signs in over HTTP; `truth` says what must hold afterwards.
"""
