"""The user portal: what a person sees and does about their own devices, passcodes, sign-ins and details.

How a person signs in, and the page Security, are in `trust.signin.person`. Everything here shows or changes what belongs to the
one who asks: no page takes somebody else's id.
"""
