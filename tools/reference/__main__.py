"""Renew docs/reference."""

from tools.reference.pages import FOLDER, PAGES

for name, page in PAGES.items():
    (FOLDER / name).write_text(page())
    print(f"docs/reference/{name}")
