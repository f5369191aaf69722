"""Words everyone uses: ids, clock, actor, permissions, reason codes, errors, events. Pure standard library; no I/O."""
