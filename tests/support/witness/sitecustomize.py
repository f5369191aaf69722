"""Notes every secret that a program of a test run makes at random; Python imports this at the start of each program of the run.

`tests/support/logs.py` puts this folder on PYTHONPATH; HOMEPORT_TEST_LOGS names the folder of notes. Nothing of a program changes but that what
its source of randomness gives is written down, for `tools/leaks.py`, which looks for it in all logs when the run is over.
"""

import functools
import importlib.abc
import importlib.machinery
import os
import sys

SOURCES = {
    "secrets": ("", ("token_urlsafe",)),
    "homeport.foundation.kernel.entropy": ("SystemEntropy", ("digits", "user_code")),
    "homeport_simulators.okta.ids": ("Ids", ("secret", "token", "password")),
    "homeport.directory.admins.model.factors": ("", ("secret_of", "recovery_code")),
}
"""Where randomness becomes a secret, by module: the class, and its methods. `secrets.token_hex` makes ids and names of files here."""
FOLDER = os.environ.get("HOMEPORT_TEST_LOGS", "")


class Notes:
    """The file of this process; each note is one write, so that a program that is killed has noted all it made."""

    def __init__(self):
        self.place = None

    def write(self, kind, value):
        place = f"{FOLDER}/{os.getpid()}.made"
        try:
            if place != self.place:  # also after a fork
                self.descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
                self.place = place
            os.write(self.descriptor, f"{kind}\t{value}\n".encode())
        except OSError:
            return  # a program of another user, or on another root: it must not fail for this


def noting(function, notes):
    """The same function, which notes what it gave and for whom."""

    @functools.wraps(function)
    def made(*given, **named):
        value = function(*given, **named)
        frame = sys._getframe(1)
        while frame.f_back and frame.f_globals.get("__name__") in SOURCES:
            frame = frame.f_back
        notes.write(f"made by {frame.f_globals.get('__name__')}.{frame.f_code.co_name}", value)
        return value

    return made


class Witness(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands before the modules of SOURCES when they are imported, so that a program that never needs them loads none."""

    def __init__(self):
        self.notes, self.found = Notes(), {}

    def find_spec(self, name, path, target=None):
        if name not in SOURCES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            self.found[name], spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self.found[spec.name].create_module(spec)

    def exec_module(self, module):
        loader = self.found[module.__name__]
        module.__loader__ = module.__spec__.loader = loader  # what is asked of it later is no business of ours
        loader.exec_module(module)
        self.wrap(module)

    def wrap(self, module):
        """Let each source of the module note what it gives."""
        holder, names = SOURCES[module.__name__]
        place = getattr(module, holder) if holder else module
        for one in names:
            setattr(place, one, noting(getattr(place, one), self.notes))


if FOLDER:
    witness = Witness()
    for here in SOURCES.keys() & sys.modules.keys():
        witness.wrap(sys.modules[here])
    sys.meta_path.insert(0, witness)
