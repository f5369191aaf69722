"""One person's way in: the sign-in state machine, its flight recorder, and the callback the provider sends people back to.

Which provider, what its answer means and who it is here is in `trust.federation`; what a completed sign-in is for is handed to the
continuation of its purpose; administrators' passwords and sessions are in `trust.signin.password`.
"""
