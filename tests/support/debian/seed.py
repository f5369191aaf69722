"""Runs on a machine by Debian's own Python: reads the agent's modules, then begins `homeport-agent` as a fork at each request.

Standard input is a socket. A request is the words and the user, with the file to write to; the answer is the fork's pidfd.
"""

import ctypes
import gc
import json
import os
import pwd
import runpy
import signal
import socket
import sys

SET_DUMPABLE = 4  # PR_SET_DUMPABLE of prctl(2)


def become(words: list[str], user: str, log: int) -> None:
    """Be what `setpriv` and a new interpreter would have made of the words."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, 4096)
    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    ctypes.CDLL(None).prctl(SET_DUMPABLE, 1, 0, 0, 0)  # /proc/self belongs to the user, as after execve
    sys.argv = words
    runpy.run_path(words[0], run_name="__main__")


def main() -> None:
    sys.path.insert(0, "/usr/share/homeport-agent")  # as the command does
    __import__("homeport_agent.cli")
    sys.path.pop(0)
    gc.collect()
    gc.freeze()
    asked = socket.socket(fileno=os.dup(0))
    while True:
        message, descriptors, *_ = socket.recv_fds(asked, 65536, 1)
        if not message:
            return
        running = True
        while running:  # what has ended since
            try:
                running = os.waitpid(-1, os.WNOHANG)[0] != 0
            except ChildProcessError:
                running = False
        [log], wanted = descriptors, json.loads(message)
        pid = os.fork()
        if pid == 0:
            become(wanted["words"], wanted["user"], log)
            return
        os.close(log)
        pidfd = os.pidfd_open(pid)
        socket.send_fds(asked, [b"x"], [pidfd])
        os.close(pidfd)


main()
