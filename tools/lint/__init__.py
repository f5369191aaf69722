"""The house rules that no other tool knows, as one small file each in `rules/`; `python -m tools.lint` runs them all."""
