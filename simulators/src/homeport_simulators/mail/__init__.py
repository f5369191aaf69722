"""A mail server that delivers nothing: it takes every mail by SMTP (RFC 5321) and shows it on a page."""
