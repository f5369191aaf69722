"""The ports in SQL, each over one unit of work's connection; rows become dataclasses here."""
