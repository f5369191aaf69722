"""Each house rule finds what it forbids and leaves alone what it allows."""

import os
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest
from tools.lint.checkout import Checkout
from tools.lint.rules import (
    authority,
    file_length,
    one_migration_after_another,
    one_router,
    opt_outs,
    package_docstrings,
    pure_core,
    room_names,
    slice_doors,
    slice_files,
    test_doubles,
    traces,
)

PEOPLE = "server/src/homeport/directory/people"


@pytest.fixture
def found(tmp_path: Path):
    """`found(rule, {path: text})` lays out the files and gives the findings as "path:line"."""

    def find(rule, files: dict[str, str]) -> list[str]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(dedent(text))
        return [f"{finding.path}:{finding.line}" for finding in sorted(rule.check(Checkout(tmp_path, sorted(files))))]

    return find


def test_a_file_of_400_lines_is_right_and_one_more_is_not(found):
    files = {"right.py": "x = 1\n" * 400, "long.py": "x = 1\n" * 401, "long.css": "\n" * 401, "long.md": "\n" * 999}
    assert found(file_length, files) == ["long.css:401", "long.py:401"]


def test_two_migrations_after_the_same_one_are_found(found):
    versions = "server/src/homeport/foundation/database/migrations/versions"
    files = {
        f"{versions}/0001_first.py": 'revision = "0001"\ndown_revision = None\n',
        f"{versions}/0002_groups.py": 'revision = "0002"\ndown_revision = "0001"\n',
    }
    assert found(one_migration_after_another, files) == []
    files[f"{versions}/0002_roles.py"] = 'revision = "0002"\ndown_revision = "0001"\n'
    assert found(one_migration_after_another, files) == [f"{versions}/0002_roles.py:1", f"{versions}/0002_roles.py:2"]


def test_a_router_that_makes_every_route_at_a_start_is_found(found):
    text = "from fastapi import APIRouter, Request\n"
    files = {f"{PEOPLE}/api.py": text, "server/src/homeport/foundation/http/routes.py": text, "simulators/src/okta/web.py": text}
    assert found(one_router, files) == [f"{PEOPLE}/api.py:1"]


@pytest.mark.parametrize("name", ["a/utils.py", "a/helpers/x.py", "a/manager.py", "common/x.py", "misc.js"])
def test_a_room_without_a_name_is_found(found, name):
    assert found(room_names, {name: ""}) == [f"{name}:1"]


def test_a_room_with_a_name_is_right(found):
    assert found(room_names, {"a/package_manager_proxy.py": "", "a/mischief.py": ""}) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: E501",
        "# noqa: E501, S101",
        "# NOQA",
        "# type: ignore",
        "# type: ignore[arg-type]",
        "# ruff: noqa",
        "# ruff: noqa: E501 - why",
        "# mypy: ignore-errors",
    ],
)
def test_an_opt_out_without_rule_and_reason_is_found(found, comment):
    assert found(opt_outs, {"a.py": f"x = 1  {comment}\n"}) == ["a.py:1"]


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: S704 (our own template)",
        "# noqa: SLF001 - the documented way",
        "# noqa: S101, PLR2004 - httpx2's own signature",
        "# noqa: PLC0415  # the other commands start without it",
        "# type: ignore[arg-type]  # nobody reads it",
        "# an ordinary remark",
    ],
)
def test_an_opt_out_with_rule_and_reason_is_right(found, comment):
    assert found(opt_outs, {"a.py": f"x = 1  {comment}\n"}) == []


def test_an_opt_out_inside_a_string_is_only_a_string(found):
    assert found(opt_outs, {"a.py": 'x = "# noqa"\n'}) == []


@pytest.mark.parametrize(
    "line",
    [
        "from unittest.mock import patch",
        "from unittest import mock",
        "import unittest.mock",
        "pytest.skip()",
        "pytest.skip('')",
        "pytest.xfail()",
        "@pytest.mark.skip\ndef test_x(): ...",
        "@pytest.mark.skipif(True)\ndef test_x(): ...",
        "@pytest.mark.xfail(condition)\ndef test_x(): ...",
    ],
)
def test_a_mock_and_a_skip_without_reason_are_found(found, line):
    assert found(test_doubles, {"test_a.py": f"import pytest\n{line}\n"}) == ["test_a.py:2"]


@pytest.mark.parametrize(
    "line",
    [
        "pytest.skip('needs a kernel with user namespaces')",
        "@pytest.mark.skip(reason='why')\ndef test_x(): ...",
        "@pytest.mark.xfail(strict=True, reason='why')\ndef test_x(): ...",
        "import unittest",
    ],
)
def test_a_skip_with_a_reason_is_right(found, line):
    assert found(test_doubles, {"test_a.py": f"import pytest\n{line}\n"}) == []


ACTION = """\
    @dataclass
    class People:
        def suspend_user(self, actor, user_id):
            {first}
            return self.users.suspend(user_id)

        def _inner(self): return 1

    class Plain:
        def method(self): return 1
    """


@pytest.mark.parametrize(
    "first",
    [
        "user = self.users.get(user_id)",
        '"""Suspend."""',
        "self.actor.require(X)",
        "actor.may(X)",
        "pass  # actor.require(X)",
        "# public:",
    ],
)
def test_an_action_without_authority_is_found(found, first):
    assert found(authority, {f"{PEOPLE}/actions.py": ACTION.format(first=first)}) == [f"{PEOPLE}/actions.py:3"]


@pytest.mark.parametrize(
    "first", ["actor.require(Permission.X)", '"""Suspend."""; actor.require(X)', "# public: it is how one signs in"]
)
def test_an_action_with_authority_is_right(found, first):
    assert found(authority, {f"{PEOPLE}/actions.py": ACTION.format(first=first)}) == []


def test_actions_in_a_folder_are_looked_at_too(found):
    assert found(authority, {f"{PEOPLE}/actions/create.py": ACTION.format(first="pass")}) == [f"{PEOPLE}/actions/create.py:3"]


@pytest.mark.parametrize(
    "line",
    [
        "import sqlalchemy",
        "from sqlalchemy.engine import Engine",
        "from homeport.foundation import database",
        "from homeport.foundation.http.actor import Current",
        "def f():\n    import pydantic",
    ],
)
def test_an_impure_core_is_found(found, line):
    where = f"{PEOPLE}/model.py:{2 if 'def' in line else 1}"
    assert found(pure_core, {f"{PEOPLE}/model.py": line, f"{PEOPLE}/store.py": line}) == [where]


def test_a_pure_core_is_right(found):
    pure = (
        "import dataclasses\nfrom homeport.foundation.kernel import clock\nfrom homeport.foundation.kernel.actor import Actor\n"
    )
    assert found(pure_core, {f"{PEOPLE}/actions.py": pure}) == []


def test_a_file_the_house_does_not_know_is_found_in_a_slice(found):
    files = {
        f"{PEOPLE}/services.py": "",
        f"{PEOPLE}/store/users.py": "",
        f"{PEOPLE}/templates/people/list.html": "",
        f"{PEOPLE}/model.py": "",
        "server/src/homeport/directory/loose.py": "",
        "server/src/homeport/trust/federation/discovery.py": "",
    }
    assert found(slice_files, files) == ["server/src/homeport/directory/loose.py:1", f"{PEOPLE}/services.py:1"]


@pytest.mark.parametrize(
    ("importer", "line", "right"),
    [
        ("devices/store.py", "from homeport.directory.people.tables import users", True),
        ("devices/store/bindings.py", "from homeport.directory.people import tables", True),
        ("devices/actions.py", "from homeport.directory.people.model import User", True),
        ("devices/api.py", "from homeport.directory.people import actions", True),
        ("devices/api.py", "from homeport.directory.devices.store import Devices", True),
        ("devices/api.py", "from homeport.foundation.http.problems import answer", True),
        ("../trust/signin/actions.py", "from homeport.trust.federation.verifier import VerifiedIdentity", True),
        ("../trust/signin/actions.py", "from homeport.trust.federation.store import Links", False),
        ("../channels/linux/api.py", "from homeport.trust.issuer.proofs import check", False),
        ("devices/actions.py", "from homeport.directory.people.tables import users", False),
        ("devices/store.py", "from homeport.directory.people.store import Users", False),
        ("devices/pages.py", "import homeport.directory.people.schemas", False),
        ("../foundation/jobs/worker.py", "from homeport.directory.people import jobs", False),
        ("../bootstrap.py", "from homeport.directory.people.store import Users", True),
    ],
)
def test_a_slice_is_entered_by_its_doors(found, importer, line, right):
    name = str(PurePosixPath(os.path.normpath(f"server/src/homeport/directory/{importer}")))
    assert found(slice_doors, {name: line}) == ([] if right else [f"{name}:1"])


def test_a_package_says_what_is_in_it(found):
    files = {
        f"{PEOPLE}/__init__.py": "x = 1\n",
        f"{PEOPLE}/model.py": "",
        "agent/src/homeport_agent/loose/x.py": "",
        "tools/__init__.py": "",
    }
    assert found(package_docstrings, files) == ["agent/src/homeport_agent/loose/x.py:1", f"{PEOPLE}/__init__.py:1"]


@pytest.mark.parametrize(
    "line",
    [
        '"resolved": "' + "https://packages.example/x.tgz" + '"',
        "--index-url" + " https://packages.example/simple",
        "registry" + "=https://packages.example/",
        "  index-url" + ' = "https://packages.example/"',
        "open('/ro" + "ot/.pgpass')",
        "cd /wo" + "rk/place",
    ],
)
def test_a_trace_of_a_machine_is_found(found, line):
    assert found(traces, {"a.txt": f"\n{line}\n"}) == ["a.txt:2"]


def test_the_place_of_the_checkout_is_a_trace(found, tmp_path):
    assert found(traces, {"a.txt": f"see {tmp_path}/docs\n"}) == ["a.txt:1"]


@pytest.mark.parametrize(
    "line",
    [
        "root:x:0:0:root:/root:/bin/bash",
        "home = '/home/ada/'",
        "uv --no-emit-index-url",
        "{home}/root/etc",
        "https://a.example/root/x",
    ],
)
def test_what_any_machine_has_is_no_trace(found, line):
    assert found(traces, {"a.txt": f"{line}\n"}) == []
