"""Handing a message to a real SMTP server, and what is said when it will not take it."""

import itertools
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from tests.support.smtp import MailServer, certified, serving, silent

from homeport.foundation.jobs.model import LEASE
from homeport.foundation.mail.model import MailState, Message, NotNow, Rejected, Route, Tls
from homeport.foundation.mail.smtp import ALL_SECONDS, Smtp

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MESSAGE = Message("01a2", "ada@acme.example", "Choose your password", "", MailState.WAITING, 0, "", NOW)
TEXT = "Hello Ada,\n\nhttps://id.example.com/user/link/geheim\n\nZoë grüßt.\n"


def route(mail, tls=Tls.NONE, username="", password="", host="localhost"):
    return Route(host, mail if isinstance(mail, int) else mail.port, tls, username, password, "homeport@acme.example")


def smtp(**options):
    return Smtp("Acme, Inc.", "id.example.com", **options)


def test_a_message_arrives_as_it_was_written():
    with serving(MailServer()) as mail:
        smtp().send(route(mail), MESSAGE, TEXT)
    (arrived,) = mail.messages
    assert arrived["From"] == '"Acme, Inc." <homeport@acme.example>'
    assert (arrived["To"], arrived["Subject"]) == ("ada@acme.example", "Choose your password")
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived.get_content().replace("\r\n", "\n") == TEXT


def test_a_mail_that_is_sent_twice_is_known_as_one_by_its_message_id():
    with serving(MailServer()) as mail:
        for _ in range(2):
            smtp().send(route(mail), MESSAGE, TEXT)
    first, second = mail.messages
    assert first["Message-ID"] == "<01a2@acme.example>"
    assert (second["Message-ID"], second["Date"]) == (first["Message-ID"], first["Date"])


@pytest.mark.parametrize(("tls", "from_the_start"), [(Tls.STARTTLS, False), (Tls.TLS, True)])
def test_both_kinds_of_tls_carry_name_password_and_message(tmp_path, tls, from_the_start):
    context, ca_file = certified(tmp_path)
    with serving(MailServer(password="right"), context, from_the_start=from_the_start) as mail:
        smtp(ca_file=ca_file).send(route(mail, tls, "homeport", "right"), MESSAGE, TEXT)
    assert (len(mail.messages), mail.logins) == (1, ["homeport"])


def test_nothing_is_sent_in_the_clear_to_a_server_without_tls():
    with serving(MailServer(password="right")) as mail, pytest.raises(NotNow, match="cannot do what is asked: STARTTLS"):
        smtp().send(route(mail, Tls.STARTTLS, "homeport", "right"), MESSAGE, TEXT)
    assert (mail.messages, mail.logins) == ([], [])


def test_a_certificate_of_nobody_or_of_another_name_gets_nothing(tmp_path):
    context, _ = certified(tmp_path)
    with serving(MailServer(), context) as mail, pytest.raises(NotNow, match="certificate does not hold"):
        smtp().send(route(mail, Tls.STARTTLS), MESSAGE, TEXT)
    context, ca_file = certified(tmp_path, "mail.elsewhere.example")
    with serving(MailServer(), context) as other, pytest.raises(NotNow, match="certificate does not hold"):
        smtp(ca_file=ca_file).send(route(other, Tls.STARTTLS), MESSAGE, TEXT)
    assert mail.messages == other.messages == []


def test_tls_from_the_start_to_a_port_without_it_is_named():
    with serving(MailServer()) as mail, pytest.raises(NotNow, match="right port for this kind of TLS"):
        smtp().send(route(mail, Tls.TLS), MESSAGE, TEXT)


def test_a_wrong_password_is_tried_again_later_and_not_repeated_in_the_answer(tmp_path):
    context, ca_file = certified(tmp_path)
    with serving(MailServer(password="right"), context) as mail, pytest.raises(NotNow, match="did not take user name") as told:
        smtp(ca_file=ca_file).send(route(mail, Tls.STARTTLS, "homeport", "wr0ng-secret"), MESSAGE, TEXT)
    assert "wr0ng-secret" not in str(told.value)


@pytest.mark.parametrize(("answer", "kind"), [("550 5.1.1 No such mailbox", Rejected), ("450 4.2.1 Mailbox busy", NotNow)])
def test_a_refused_recipient_is_final_with_5xx_and_not_with_4xx(answer, kind):
    with serving(MailServer(refuse={MESSAGE.recipient: answer})) as mail, pytest.raises(kind, match=answer):
        smtp().send(route(mail), MESSAGE, TEXT)
    with serving(MailServer(refuse_data=answer)) as other, pytest.raises(kind, match=answer):
        smtp().send(route(other), MESSAGE, TEXT)
    assert mail.messages == other.messages == []


def test_a_server_that_says_nothing_and_one_that_is_not_there_are_told_apart():
    with silent() as port, pytest.raises(NotNow, match=r"did not answer within 0\.2 seconds"):
        smtp(seconds=0.2).send(route(port), MESSAGE, TEXT)
    with pytest.raises(NotNow, match=f"No connection to localhost port {port}"):
        smtp().send(route(port), MESSAGE, TEXT)


@contextmanager
def talkative():
    """A server whose greeting never ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk():
            connection, _ = listener.accept()
            with connection:
                try:
                    while True:
                        connection.sendall(b"220-one moment, please\r\n")
                except OSError:
                    return

        thread = threading.Thread(target=talk)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(60)
        assert not thread.is_alive()


def test_a_server_that_is_slow_with_each_answer_or_never_ends_one_is_left_before_another_worker_takes_the_mail():
    assert LEASE.total_seconds() - ALL_SECONDS >= 30
    slow = r"did not take the message within 30 seconds"
    with serving(MailServer()) as mail, pytest.raises(NotNow, match=slow):
        smtp(clock=itertools.count(step=5).__next__).send(route(mail), MESSAGE, TEXT)
    assert mail.messages == []
    with talkative() as port, pytest.raises(NotNow, match=slow):
        smtp(clock=itertools.count().__next__).send(route(port), MESSAGE, TEXT)
