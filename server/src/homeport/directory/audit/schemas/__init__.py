"""The slice's types of the REST API."""
