"""The REST API from outside: what its OpenAPI document promises, what JumpCloud has published, and clients written by others."""
