"""Mail through any SMTP server: the settings, an outbox that is worked off by a job, and what became of each message.

A message's text is sealed while it waits and forgotten once it was sent or given up, since it may hold a one-time link. The pages
of the settings are in `channels.console`; who sends what is in the slices.
"""
