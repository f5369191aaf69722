"""Run on a machine: many conversations with PAM, one after the other, each for another name; prints how often each result came.

`python3 pam_flood.py COUNT SERVICE [FILE]`: COUNT of them as fast as it goes, and then on, a hundred a second, until FILE is there. The stack is pam_homeport.so alone, so that the result is the module's own word, and the name
of the service is what sshd would say. Ends with a line of JSON: {"result": count}.
"""

import collections
import ctypes
import itertools
import json
import pathlib
import random
import sys
import tempfile
import time

PAM_RHOST, SILENT = 4, 0x8000
TALK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = (("talk", TALK), ("data", ctypes.c_void_p))


@TALK
def refuse(*_: object) -> int:
    return 19  # PAM_CONV_ERR: there is nobody to answer


def main(count: int, service: str, until: str = "/") -> None:
    pam = ctypes.CDLL("libpam.so.0")
    conversation = Conversation(refuse, None)
    letters = random.Random(7)
    results: collections.Counter[int] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, service).write_text("auth required pam_homeport.so\n")
        for number in itertools.count():
            if number >= count:
                if pathlib.Path(until).exists():
                    break
                time.sleep(0.01)
            name = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789._-", k=letters.randint(1, 40)))
            handle = ctypes.c_void_p()
            begun = pam.pam_start_confdir(
                service.encode(), f"x{name}".encode(), ctypes.byref(conversation), folder.encode(), ctypes.byref(handle)
            )
            if begun != 0:
                sys.exit(f"pam_start_confdir: {begun}")
            pam.pam_set_item(handle, PAM_RHOST, f"198.51.100.{number % 250}".encode())
            result = pam.pam_authenticate(handle, SILENT)
            results[result] += 1
            pam.pam_end(handle, result)
    print(json.dumps(results), flush=True)


main(int(sys.argv[1]), *sys.argv[2:])
