"""`homeport mail` and the REST API of the mail server: set in parts, the password never told, and what became of each mail."""

PASSWORD = "correct horse battery staple"


def test_a_mail_server_is_set_in_parts_and_its_password_is_never_told(homeport, served, tmp_path):
    homeport("mail", "show")
    assert "No mail server is configured." in homeport.said
    assert homeport.json("mail", "show")["configured"] is False
    homeport("mail", "set", "--host", "smtp.acme.example", status=1)
    assert "sender" in homeport.said or "address" in homeport.said
    assert homeport.json("mail", "show")["configured"] is False
    options = ("--username", "homeport", "--sender", "homeport@acme.example", "--password-file", "-")
    made = homeport.json("mail", "set", "--host", "smtp.acme.example", *options, stdin=f"{PASSWORD}\n")
    assert (made["port"], made["tls"], made["passwordSet"]) == (587, "starttls", True)
    assert homeport.json("mail", "set", "--tls", "tls")["port"] == 465
    assert homeport.json("mail", "set", "--port", 2465)["passwordSet"] is True
    homeport("mail", "set", "--host", "smtp.evil.example", status=1)
    assert "Enter the password for this server and user name." in homeport.said
    homeport("mail", "set", status=2)
    shown = homeport("mail", "show") + homeport("mail", "show", "--json")
    assert "smtp.acme.example" in shown
    assert PASSWORD not in shown + served.log.getvalue() + str(served.house.sql("SELECT * FROM audit_entries"))


def test_a_test_lands_in_the_outbox_and_is_found_there(homeport, served):
    homeport("mail", "test", "ada@acme.example", status=1)
    assert "Save a mail server first." in homeport.said
    homeport("mail", "set", "--host", "localhost", "--port", 9, "--tls", "none", "--sender", "homeport@acme.example")
    homeport("mail", "test", "ada", status=1)
    assert homeport.json("mail", "sent") == []
    first = homeport.json("mail", "test", "ada@acme.example")
    second = homeport.json("mail", "test", "grace@acme.example")
    assert [one["id"] for one in homeport.json("mail", "sent")] == [second["id"], first["id"]]
    assert [one["id"] for one in homeport.json("mail", "sent", "--search", "ada", "--filter", "subject~test")] == [first["id"]]
    assert len(homeport.json("mail", "sent", "--limit", 1)) == 1
    homeport("mail", "remove", status=2)
    homeport("mail", "remove", "--yes")
    homeport("mail", "remove", "--yes", status=1)
    assert homeport.json("mail", "show")["configured"] is False


def test_a_reader_sees_the_mail_server_and_changes_nothing(homeport, served):
    homeport("mail", "show", HOMEPORT_API_KEY=served.reading_key)
    homeport("mail", "set", "--host", "smtp.evil.example", status=1, HOMEPORT_API_KEY=served.reading_key)
    assert "mail:write" in homeport.said
