"""Users and user groups, the rules for their fields, and what can happen to them."""

from homeport.directory.people.model.groups import (
    UserGroup,
    UserGroupDeleted,
    UserGroupMembersChanged,
    description_problem,
    group_key,
    group_name_problem,
)
from homeport.directory.people.model.users import (
    User,
    UserActivated,
    UserChanged,
    UserDeleted,
    UserState,
    UserSuspended,
    email_problem,
    name_problem,
    normal_email,
    normal_username,
    username_problem,
)

__all__ = [
    "User",
    "UserActivated",
    "UserChanged",
    "UserDeleted",
    "UserGroup",
    "UserGroupDeleted",
    "UserGroupMembersChanged",
    "UserState",
    "UserSuspended",
    "description_problem",
    "email_problem",
    "group_key",
    "group_name_problem",
    "name_problem",
    "normal_email",
    "normal_username",
    "username_problem",
]
