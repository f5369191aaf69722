"""Requests share a loop, and what one of them left running does not hold up the next."""

import asyncio
import threading

from fastapi import FastAPI
from fastapi.testclient import TestClient


def application() -> FastAPI:
    app = FastAPI()
    left = []

    @app.get("/loop")
    async def loop() -> int:
        return id(asyncio.get_running_loop())

    @app.get("/leave")
    async def leave() -> None:
        left.append(asyncio.create_task(asyncio.Event().wait()))

    @app.get("/thread")
    def thread() -> bool:
        return threading.current_thread() is threading.main_thread()

    return app


def test_all_clients_ask_in_one_loop_and_one_that_is_entered_in_its_own():
    one, other = TestClient(application()), TestClient(application())
    shared = one.get("/loop").json()
    assert one.get("/loop").json() == other.get("/loop").json() == shared
    with TestClient(application()) as entered:
        assert entered.get("/loop").json() != shared
    assert one.get("/loop").json() == shared


def test_a_task_that_never_ends_holds_up_nobody_and_plain_functions_run_beside_the_loop():
    client = TestClient(application())
    assert client.get("/leave").status_code == 200
    assert client.get("/thread").json() is False
