"""Who gets in, and why: identity providers, sign-ins, access policies, and the OpenID Provider towards devices."""
