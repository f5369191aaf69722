"""Scriptable misbehaviour: the catalogue, the book of faults in force, and the code that commits them."""
