"""What administrators decide about Macs out of the box: the account a person gets, what Setup Assistant skips, what it says.

One row for the whole organization. `ade` turns it into the profile at Apple, `enrollment` and `mdm` into the account.
"""
