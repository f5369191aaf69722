"""The ASGI shell: middleware, error bodies, security headers, same-origin check, limits, and who is asking.

What pages look like is in `foundation.ui`; which routes exist is in the slices.
"""
