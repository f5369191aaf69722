"""The docs name only what there is: links, commands, options, paths, settings, tests, targets."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from homeport.bootstrap.home import Home
from homeport.bootstrap.web import application
from homeport.cli import main
from homeport.settings import Settings
from homeport_agent.cli import _parser
from homeport_simulators.cli import main as simulators_main

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DEPLOYED = sorted((ROOT / "deploy").iterdir())
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?<![\w.-])(homeport|homeport-agent|homeport-simulators) ([a-z].*)")
API_PATH = re.compile(r"/(?:api|insights)/[\w./{}-]+")
ID = re.compile(r"\{\w+\}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
OUR_PATH = re.compile(r"(?:server|agent|simulators|tests|docs|deploy|tools|requirements)/[\w./-]+")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def code_of(page: Path) -> tuple[str, ...]:
    """Return what a page shows as code: spans, and the lines of blocks with continued lines joined."""
    found: list[str] = []
    for piece in CODE.findall(page.read_text()):
        found += piece.strip("` \n").replace("\\\n", " ").splitlines()
    return tuple(found)


@cache
def anchors_of(page: Path) -> frozenset[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings)


def options_of(program: str, words: list[str]) -> set[str]:
    """Return the options of the command that the words begin with; a KeyError names a word that is no command."""
    if program == "homeport-agent":
        verbs = next(action.choices for action in _parser()._actions if isinstance(action.choices, dict))
        return {option for action in verbs[words[0]]._actions for option in action.option_strings}
    command: click.Command = main if program == "homeport" else simulators_main
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.commands[word]
    return {option for parameter in command.params for option in parameter.opts} | {"--help"}


def commands_in(page: Path) -> Iterator[tuple[str, list[str], set[str]]]:
    for line in code_of(page):
        for program, rest in COMMAND.findall(line):
            words = re.match(r"[a-z-]+(?: [a-z-]+)*", rest)
            assert words
            yield program, words.group().split(), set(re.findall(r"(?<![\w-])--[a-z-]+", rest))


@cache
def names_of_tests() -> frozenset[str]:
    folders = (ROOT / "server/tests", ROOT / "agent/tests", ROOT / "simulators/tests", ROOT / "tests")
    return frozenset(
        name
        for folder in folders
        for file in folder.rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    )


@pytest.fixture(scope="module")
def api_paths(tmp_path_factory):
    home = Home(Settings(data=tmp_path_factory.mktemp("docs"), public_url="http://localhost:8080"))
    app = application(home)
    paths = {ID.sub("{}", path) for path in app.openapi()["paths"]} | {app.openapi_url}
    home.parts.database.dispose()
    return paths


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page):
    for target in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{named(page)} leads to {target}, which is not there"
        assert not anchor or anchor in anchors_of(file), f"{named(page)} leads to {target}, and there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_and_option_is_one_of_the_programs(page):
    for program, words, options in commands_in(page):
        try:
            known = options_of(program, words)
        except KeyError as error:
            pytest.fail(f"{named(page)} names {program} {' '.join(words)}, and {error} is no command")
        assert options <= known, f"{named(page)}: {program} {' '.join(words)} takes no {', '.join(sorted(options - known))}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_path_of_the_rest_api_is_in_the_openapi_document(page, api_paths):
    for line in code_of(page):
        for path in API_PATH.findall(line):
            assert path in {"/api/v2", "/api/reference"} or ID.sub("{}", path) in api_paths, f"{named(page)} names {path}"


def test_the_page_about_the_rest_api_names_every_path(api_paths):
    page = ROOT / "docs/protocols/rest-api.md"
    told = {ID.sub("{}", path) for line in code_of(page) for path in API_PATH.findall(line)}
    assert api_paths <= told


@pytest.mark.parametrize("page", [*PAGES, *DEPLOYED], ids=named)
def test_every_setting_is_one_of_the_servers(page):
    of_the_command_line = {"HOMEPORT_URL", "HOMEPORT_API_KEY", "HOMEPORT_CA_FILE", "HOMEPORT_PROFILE"}
    known = {f"HOMEPORT_{name.upper()}" for name in Settings.__dataclass_fields__} | of_the_command_line
    for name in re.findall(r"\bHOMEPORT_[A-Z_]+\b", page.read_text()):
        assert name in known, f"{named(page)} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_test_and_every_file_that_a_page_names_is_there(page):
    for line in code_of(page):
        for name in re.findall(r"\btest_\w+\b(?!\.py)", line) if page.is_relative_to(ROOT / "docs") else ():
            assert name in names_of_tests(), f"{named(page)} names {name}"
        for path in OUR_PATH.findall(line) if re.match(OUR_PATH, line) else ():
            assert (ROOT / path).exists(), f"{named(page)} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_target_that_a_page_names_is_one(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in code_of(page):
        for target in re.findall(r"(?:^|\s)make ([a-z]+)", line):
            assert target in targets, f"{named(page)} names make {target}"


def test_the_readme_names_both_commands():
    assert {"make run", "make test"} <= set(code_of(ROOT / "README.md"))


def test_every_decision_is_in_the_index_and_every_page_in_the_map():
    decisions, docs = ROOT / "docs/decisions", ROOT / "docs"
    index = set(LINK.findall((decisions / "README.md").read_text()))
    assert index == {page.name for page in decisions.glob("[0-9]*.md")}
    on_the_map = {(docs / target).resolve() for target in LINK.findall((docs / "README.md").read_text())}
    pages = {page for page in PAGES if page.is_relative_to(docs) and page.parent != decisions}
    assert pages - {docs / "README.md"} <= on_the_map
