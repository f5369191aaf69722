"""We sign others in: the device authorization grant (RFC 8628), private_key_jwt, DPoP and the access tokens of devices.

How a person proves who they are is in `trust.signin`; which account a device gets is in `directory.devices`; the signed orders that a
token buys are in `channels.linux`.
"""
