"""One rule per file: its docstring says the rule, its function `check` finds where it is broken."""
