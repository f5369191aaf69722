import json
import signal
import smtplib
import subprocess
import sys
from contextlib import contextmanager
from email.message import EmailMessage

import httpx2 as httpx


@contextmanager
def mailbox():
    program = [
        sys.executable,
        "-c",
        "from homeport_simulators.cli import main; main()",
        "mail",
        "--port",
        "0",
        "--smtp-port",
        "0",
    ]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_what_is_sent_by_smtp_stands_on_the_page_newest_first_and_escaped():
    with mailbox() as ready:
        assert "No mail yet" in httpx.get(ready["page"], timeout=60).text
        for number, text in enumerate(
            ("first\n.hidden dot\n..two\n", "<script>alert(1)</script> http://localhost/user/link/abc\n")
        ):
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "homeport@acme.example", "ada@acme.example", f"Mail {number} & more"
            mail.set_content(text)
            with smtplib.SMTP(ready["smtp_host"], ready["smtp_port"], "test.localhost") as server:
                server.send_message(mail)
        found = httpx.get(ready["page"] + "/messages", timeout=60).json()
        assert [one["subject"] for one in found] == ["Mail 1 & more", "Mail 0 & more"]
        assert found[1]["text"].splitlines() == ["first", ".hidden dot", "..two"]
        page = httpx.get(ready["page"], timeout=60).text
        assert "<script>" not in page
        assert '<a href="http://localhost/user/link/abc">' in page
