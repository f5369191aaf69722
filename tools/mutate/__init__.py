"""`make mutate`: removes each check of the files that decide who gets in, one at a time, and runs their tests on what is left.

A mutant that the tests do not notice survives; `survivors.toml` gives the reason for each that may, and a reason without a survivor
is an error too. The checkout is not touched: a mutant lives in the memory of a process of its own.
"""
