"""What crosses components shares more than one distribution does; the real parts come from tests/support (see its docstring)."""
