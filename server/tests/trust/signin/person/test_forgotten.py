"""A forgotten password, reset by mail through a real SMTP server; and the mail server as administrators manage it."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import update
from tests.support.house import ADMIN
from tests.support.smtp import MailServer, serving

from homeport.channels.console.mail.actions import TypedServer
from homeport.directory.people.model import UserState
from homeport.foundation.kernel.errors import Conflict, Invalid
from homeport.foundation.mail.model import MailState
from homeport.foundation.mail.tables import mail_messages
from homeport.trust.signin.person.model import Authority

from .conftest import PASSWORD, text_of

FORGOTTEN = "/user/signin/forgotten"


@contextmanager
def mail_server(portal, **behaviour):
    """A mail server that Homeport is told to use."""
    with serving(MailServer(**behaviour)) as mail:
        use(portal, mail.port)
        yield mail
    portal.do(lambda act: act.mail_settings.remove(ADMIN))


def use(portal, port, host="localhost"):
    typed = TypedServer(host, port, "none", "", "", "homeport@acme.example")
    portal.do(lambda act: act.mail_settings.save(ADMIN, typed))


def forget(portal, name):
    answer = portal.browser(f"198.51.100.{next(portal.addresses)}").post(FORGOTTEN, data={"name": name})
    portal.house.home.worker.run_due()
    return answer


def link_in(message):
    return re.search(r"https://id\.example\.com(/user/link/\S+)", message.get_content())[1]


def test_a_link_goes_to_the_persons_own_address_and_the_page_tells_nobody_whether_they_exist(portal):
    user = portal.person()
    with mail_server(portal) as mail:
        known, unknown = forget(portal, user.username), forget(portal, "nobody@acme.example")
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
        (arrived,) = mail.messages
    assert arrived["To"] == user.email
    browser = portal.browser()
    done = browser.post(link_in(arrived), data={"password": "another long password", "again": "another long password"})
    assert done.headers["location"] == "/user"
    assert portal.sign_in(user)[1].status_code == 401


def test_who_has_no_password_gets_an_activation_link_and_who_may_have_none_gets_no_mail(portal):
    fresh, suspended, managed = portal.person(password=""), portal.person(), portal.person()
    portal.do(lambda act: act.people.change_state(ADMIN, suspended.id, UserState.SUSPENDED))
    portal.do(lambda act: act.passwords.set_authority(ADMIN, managed.id, Authority.SCIM))
    with mail_server(portal) as mail:
        answers = {forget(portal, one.email).text for one in (fresh, suspended, managed)}
        assert [one["To"] for one in mail.messages] == [fresh.email]
    assert len(answers) == 1
    assert "7 days" in mail.messages[0].get_content()


def test_nobody_fills_a_mailbox_or_asks_without_end(portal):
    user = portal.person()
    with mail_server(portal) as mail:
        for _ in range(5):
            assert forget(portal, user.email).status_code == 200
        assert len(mail.messages) == 3
        browser = portal.browser("203.0.113.99")
        codes = [browser.post(FORGOTTEN, data={"name": "nobody"}).status_code for _ in range(12)]
        assert (codes[0], codes[-1]) == (200, 429)


def test_without_a_mail_server_the_page_says_who_hands_links_over(portal):
    page = portal.browser().get(FORGOTTEN)
    assert "Ask your administrator" in text_of(page)
    assert "<form" not in page.text
    assert portal.browser().post(FORGOTTEN, data={"name": "ada"}).status_code == 400
    user = portal.person()
    with pytest.raises(Conflict, match="hand it over"):
        portal.do(lambda act: act.forgotten.send(ADMIN, user.id))


def test_a_mail_that_is_rejected_or_given_up_is_seen_and_its_text_is_forgotten(portal):
    user, other = portal.person(), portal.person()
    with mail_server(portal, refuse={user.email: "550 5.1.1 No such mailbox", other.email: "450 Later"}) as mail:
        for person in (user, other):
            portal.do(lambda act, person=person: act.forgotten.send(ADMIN, person.id))
        for _ in range(6):
            portal.house.home.worker.run_due()
            portal.house.clock.forward(minutes=11)
        assert mail.messages == []
    found = {one.recipient: one for one in portal.do(lambda act: act.mail_settings.messages(ADMIN, 10))}
    assert (found[user.email].state, found[user.email].tries) == (MailState.REJECTED, 1)
    assert (found[other.email].state, found[other.email].tries) == (MailState.FAILED, 5)
    assert "No such mailbox" in found[user.email].answer
    assert found[user.email].text_sealed == found[other.email].text_sealed == ""
    assert portal.do(lambda act: act.mail_settings.last_failure(ADMIN)).state in {MailState.REJECTED, MailState.FAILED}


def test_a_mail_waits_while_the_server_is_away_and_then_arrives_once(portal):
    user = portal.person()
    with serving(MailServer()) as gone:
        pass
    use(portal, gone.port)
    portal.do(lambda act: act.forgotten.send(ADMIN, user.id))
    portal.house.home.worker.run_due()
    waiting = portal.do(lambda act: act.mail_settings.messages(ADMIN, 1))[0]
    assert (waiting.state, waiting.tries) == (MailState.WAITING, 1)
    assert "/user/link/" not in waiting.text_sealed
    with mail_server(portal) as mail:
        portal.house.clock.forward(minutes=1)
        portal.house.home.worker.run_due()
        portal.house.home.worker.run_due()
    assert [one["To"] for one in mail.messages] == [user.email]


def test_a_mail_whose_job_is_given_up_is_shown_as_given_up_and_no_longer_waits(portal):
    """What nobody foresaw: here, a text that can be opened no more."""
    with mail_server(portal) as mail:
        portal.do(lambda act: act.mail_settings.test(ADMIN, "me@acme.example"))
        waiting = portal.do(lambda act: act.mail_settings.messages(ADMIN, 1))[0]
        with portal.house.home.parts.database.write() as unit:
            unit.connection.execute(update(mail_messages).where(mail_messages.c.id == waiting.id).values(text_sealed="damaged"))
        for attempts in range(5):
            assert portal.do(lambda act: act.mail.get(waiting.id)).state is MailState.WAITING, attempts
            portal.house.home.worker.run_due()
            portal.house.clock.forward(minutes=11)
    assert mail.messages == []
    ended = portal.do(lambda act: act.mail.get(waiting.id))
    assert (ended.state, ended.text_sealed) == (MailState.FAILED, "")
    assert ended.answer.startswith("Homeport itself failed: ")
    assert portal.do(lambda act: act.mail_settings.last_failure(ADMIN)).id == waiting.id


def test_the_password_of_the_mail_server_is_kept_sealed_and_never_given_to_another_host(portal):
    def save(host="smtp.acme.example", password="", **more):
        typed = TypedServer(
            host, 587, **{"tls": "starttls", "username": "homeport", "sender": "homeport@acme.example", **more}, password=password
        )
        return portal.do(lambda act: act.mail_settings.save(ADMIN, typed))

    saved = save(password="s3cret of the mail server")
    stored = portal.house.sql("SELECT password_sealed FROM mail_server")[0][0]
    assert "s3cret" not in stored
    assert save(sender="hello@acme.example").password_sealed == saved.password_sealed, "empty keeps it"
    assert portal.do(lambda act: act.mail.route()).password == "s3cret of the mail server"
    for changed in ({"host": "smtp.evil.example"}, {"username": "somebody"}):
        with pytest.raises(Invalid) as told:
            save(**changed)
        assert set(told.value.fields) == {"password"}
    with pytest.raises(Invalid) as told:
        save(password="x" * 20, tls="none")
    assert set(told.value.fields) == {"tls"}
    for wrong, field in (({"host": "https://smtp"}, "host"), ({"sender": "nobody"}, "sender")):
        with pytest.raises(Invalid) as told:
            save(password="y" * 20, **wrong)
        assert field in told.value.fields
    portal.do(lambda act: act.mail_settings.remove(ADMIN))


def test_a_test_mail_is_sent_from_the_page_and_shown_in_the_outbox(portal):
    with mail_server(portal) as mail:
        portal.do(lambda act: act.mail_settings.test(ADMIN, "me@acme.example"))
        portal.house.home.worker.run_due()
    assert [one["Subject"] for one in mail.messages] == ["Test from Homeport"]
    sent = portal.do(lambda act: act.mail_settings.messages(ADMIN, 1))[0]
    assert (sent.recipient, sent.state) == ("me@acme.example", MailState.SENT)
    assert PASSWORD not in sent.answer
