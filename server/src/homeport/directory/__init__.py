"""What we know: devices, administrators, people, and the audit record of all changes. Who gets in, and why, is in `trust`."""
