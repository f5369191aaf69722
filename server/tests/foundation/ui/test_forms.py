from starlette.datastructures import FormData

from homeport.foundation.ui.forms import FormState


def test_what_was_typed_stays_trimmed_and_secrets_stay_untouched():
    form = FormState.typed(FormData([("name", " Okta "), ("secret", " s "), ("day", "mon"), ("day", "tue")]), secrets=["secret"])
    assert form.value("name") == "Okta"
    assert form.value("secret") == " s "
    assert form.all("day") == ("mon", "tue")
    assert form.value("absent", "default") == "default"


def test_first_sentence_about_a_field_stays_and_order_is_that_of_judging():
    form = FormState()
    form.require("url", "name", sentence="Enter it.")
    form.fail("url", "Second sentence.")
    assert list(form.errors.items()) == [("url", "Enter it."), ("name", "Enter it.")]
    assert not form.valid


def test_a_problem_of_the_whole_form_makes_it_invalid():
    form = FormState()
    assert form.valid
    form.refuse("The provider does not answer.")
    assert not form.valid


def test_boxes_are_ticked_by_true_and_by_value():
    form = FormState.showing(enabled=True, wait=False, os=["linux", "macos"], size=3, none=None)
    assert form.checked("enabled")
    assert not form.checked("wait")
    assert form.checked("os", "macos")
    assert (form.value("size"), form.value("none")) == ("3", "")
