"""What others wrote and certified, against ours: `oidc-provider/` holds somebody else's identity provider, fetched by tools/fetch_npm.py."""
