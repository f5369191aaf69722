"""An Okta-shaped identity provider: an org authorization server and one custom server, for tests and the demo.

Here are its people and apps, its OpenID Connect endpoints, its sign-in page, the faults it can be told to commit and the
control API that scripts them. It knows nothing of Homeport; whoever uses it speaks HTTP to it.
"""
