"""The ports of administrators: administrators, one-time links and API keys in SQL, and passwords hashed with argon2id."""
