"""What `make bench` runs: small programs, each with a goal, that print figures beside goals. README.md says how to read them."""
