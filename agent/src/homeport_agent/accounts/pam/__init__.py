"""What PAM asks of the privileged half: frames and the socket of the module, who is asked what, the words at the prompt.

Accounts are changed by ``accounts.apply`` only; the server is asked by the network half, over ``accounts.network``.
"""
