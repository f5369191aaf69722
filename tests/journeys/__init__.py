"""What a person does from end to end: a real server, a real Okta simulator, the real agent, and a real browser.

`installation.py` starts the programs, `portal.py` knows the pages as an administrator sees them, `approval.py` those of a person
who signs in on a machine, `machine.py` is that machine.
"""
