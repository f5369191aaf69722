"""Identity providers: discovery, keys, the OpenID Connect relying party, verification of ID tokens, linking to users.

Pure files judge (`discovery`, `jwks`, `verifier`, `relying_party`, `linking`); `key_cache` waits on the network; `actions`, `store`,
`api` and `pages` keep and show the providers. The state of one sign-in, its cookie and its record are in `trust.signin`; how the
network is reached is in `foundation.outbound`.
"""
