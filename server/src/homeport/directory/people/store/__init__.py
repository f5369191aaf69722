"""The ports in SQL, each over one unit of work's connection; rows become dataclasses here."""

from homeport.directory.people.store.groups import UserGroupSql
from homeport.directory.people.store.imports import ImportSql
from homeport.directory.people.store.users import UserSql

__all__ = ["ImportSql", "UserGroupSql", "UserSql"]
