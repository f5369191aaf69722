"""What the rules look at: the files of a checkout, read and parsed once."""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """One place that breaks a rule, and what to do there."""

    path: str
    line: int
    text: str


@dataclass
class Checkout:
    """A folder and the files in it that are the project's own, as paths relative to the folder."""

    root: Path
    files: list[str]
    _texts: dict[str, str] = field(default_factory=dict)
    _trees: dict[str, ast.Module] = field(default_factory=dict)

    @classmethod
    def of_git(cls, root: Path) -> "Checkout":
        """All files that git tracks, and new ones that it does not ignore."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
        return cls(root, sorted({name for name in listed if name and (root / name).is_file()}))

    def matching(self, *patterns: str) -> Iterator[str]:
        """The files that match one of the patterns; `*` stands for folders too."""
        return (name for name in self.files if any(fnmatch(name, pattern) for pattern in patterns))

    def python(self) -> Iterator[tuple[str, ast.Module]]:
        """Every Python file with its syntax tree; what does not parse is left to the linter."""
        for name in self.matching("*.py"):
            try:
                yield name, self.tree(name)
            except SyntaxError:
                continue

    def text(self, name: str) -> str:
        """The file's text; empty for a file that is not text."""
        if name not in self._texts:
            try:
                self._texts[name] = (self.root / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                self._texts[name] = ""
        return self._texts[name]

    def tree(self, name: str) -> ast.Module:
        """The file's syntax tree."""
        if name not in self._trees:
            self._trees[name] = ast.parse(self.text(name), filename=name)
        return self._trees[name]

    def comments(self, name: str) -> list[tuple[int, str]]:
        """The line number and text of each comment, with its #."""
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(self.text(name)).readline))
        except (tokenize.TokenError, SyntaxError):
            return []
        return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
