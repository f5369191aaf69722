"""Users and user groups as JumpCloud's API writes them."""
