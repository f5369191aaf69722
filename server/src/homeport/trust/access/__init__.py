"""Conditional access: who may sign in to the user portal and the admin portal, from where, and with how many factors.

`model.decision` is the one pure function that decides; the real sign-in and the simulator both call it. Policies, IP lists and what
counts without a policy are edited here; `Decisions` gathers what the function needs, and refuses a change that would shut out the last
administrator. Who asks is elsewhere: administrators' sign-in in `signin.password`, the user portal's in its own slice. Who may sign in
on which device is not decided here but in `directory.devices`.
"""
