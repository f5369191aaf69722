from markupsafe import Markup

from homeport.foundation.kernel.actor import system
from homeport.foundation.ui.navigation import Navigation, Shell
from homeport.foundation.ui.panels import Panels


def menu():
    navigation = Navigation()
    navigation.register("SETTINGS", "API Keys", "/admin/api-keys", "keys")
    navigation.register("HOME", "Home", "/admin")
    navigation.register("DEVICE MANAGEMENT", "Devices", "/admin/devices", "devices")
    navigation.register("DEVICE MANAGEMENT", "Add a Device", "/admin/devices/add", "devices.add")
    return navigation


def test_a_reader_sees_only_what_the_permissions_allow_in_the_order_of_sections():
    sections = menu().sections({"devices"})
    assert [(section.title, [entry.label for entry in section.entries]) for section in sections] == [
        ("HOME", ["Home"]),
        ("DEVICE MANAGEMENT", ["Devices"]),
    ]


def test_the_longest_entry_that_starts_the_path_is_the_current_one():
    allowed = frozenset({"devices", "devices.add"})
    for path, current in {
        "/admin": "/admin",
        "/admin/devices": "/admin/devices",
        "/admin/devices/0193": "/admin/devices",
        "/admin/devices/add": "/admin/devices/add",
        "/admin/devices-of-old": "",
        "/admin/search": "",
    }.items():
        assert Shell(navigation=menu(), permissions=allowed, path=path).current == current


def test_panels_come_in_order_and_the_empty_ones_are_left_out():
    panels = Panels()
    panels.register("people.user", lambda name, _actor: Markup("<p>{}</p>").format(name))
    panels.register("people.user", lambda _name, _actor: None)
    panels.register("people.user", lambda _name, _actor: Markup("<h2>first</h2>"), order=-1)
    assert panels.render("people.user", "<b>", system("test")) == Markup("<h2>first</h2>\n<p>&lt;b&gt;</p>")
    assert panels.render("devices.device", "x", system("test")) == Markup("")
