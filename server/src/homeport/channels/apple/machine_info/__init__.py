"""What a Mac says of itself at the first step of its set-up, MachineInfo, and whether an Apple device said it.

It routes and informs, and proves nothing by itself: the serial number is the client's word, and the message can be sent again by
anybody who has it. Who may enrol is decided by the sign-in, the inventory and the one-use session.
"""
