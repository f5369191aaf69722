"""Several deeds at the same moment, each in a thread of its own."""

import threading
import time
from collections.abc import Callable, Sequence


def together(*deeds: Callable[[], object], delays: Sequence[int] = ()) -> list[object]:
    """Do all at once, each after its own delay in milliseconds; give back what went wrong, and the threads that never ended."""
    start = threading.Barrier(len(deeds))
    wrong: list[object] = []

    def doing(deed: Callable[[], object], delay: int) -> None:
        start.wait()
        time.sleep(delay / 1000)
        try:
            deed()
        except Exception as error:  # noqa: BLE001 - a thread's error is told to the test
            wrong.append(error)

    pauses = [*delays, *[0] * len(deeds)]
    threads = [
        threading.Thread(target=doing, args=(deed, pause), daemon=True) for deed, pause in zip(deeds, pauses, strict=False)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return wrong + [thread for thread in threads if thread.is_alive()]
