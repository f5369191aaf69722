"""Work that outlives a request: an outbox in the database, and the worker that carries it out.

What a job does is elsewhere: each slice registers handlers by kind in its `jobs.py`. A job is added in the unit of work of the change
that wants it, so it exists exactly when the change does. A worker claims it with a lease; whatever the handler does in one `step` is
stored together with how far it came, so a worker that is killed loses at most a step and never repeats one.
"""
