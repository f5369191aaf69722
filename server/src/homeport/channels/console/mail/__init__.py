"""SETTINGS > Mail, and its REST API: which mail server is used, a test, and what became of each mail. Sending itself is in `foundation.mail`."""
