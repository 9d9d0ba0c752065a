"""Controls that are written in Python are what Django's own templates would have made of them."""

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting
from django.test import SimpleTestCase
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, override

from tipstaff.forms import Renderer

ODD = "a<b>&\"'c"
CHOICES = [
    ("", "None"),
    (1, "One"),
    (ODD, gettext_lazy("Severity")),
    ("group<", [(2, mark_safe("<b>2</b>")), (12345, 12345)]),
]
ATTRIBUTES = [
    {},
    {"id": "id_<x", "class": 'c"', "required": True, "disabled": False, "data-n": 5, "title": gettext_lazy("Severity")},
]
TYPED = [
    forms.TextInput, forms.Textarea, forms.CheckboxInput, forms.NumberInput, forms.HiddenInput, forms.DateInput,
    forms.DateTimeInput, forms.EmailInput, forms.URLInput, forms.PasswordInput, forms.FileInput, forms.SearchInput,
    forms.TelInput,
]  # fmt: skip
CHOSEN = [forms.Select, forms.SelectMultiple, forms.RadioSelect, forms.CheckboxSelectMultiple]


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("attributes", ATTRIBUTES)
@pytest.mark.parametrize("widget", [*TYPED, *CHOSEN])
def test_a_control_is_what_djangos_template_makes_of_it(widget, attributes, language) -> None:
    control = widget(choices=CHOICES) if widget in CHOSEN else widget()
    values = [None, "", "1", ODD, ["1", "2"]] if widget in CHOSEN else [None, "", ODD, 0, 12345, mark_safe("<i>"), 1.5]
    with override(language):
        for value in values:
            ours, django = (
                control.render("na<me", value, attributes, renderer=of()) for of in (Renderer, TemplatesSetting)
            )
            SimpleTestCase().assertHTMLEqual(ours, django)
            assert ours.count("&") == django.count("&")  # as escaped as there


def test_a_choice_by_itself_and_errors_too() -> None:
    class Form(forms.Form):
        pick = forms.ChoiceField(choices=CHOICES, widget=forms.RadioSelect)

    ours, django = (Form({"pick": "no"}, renderer=of()) for of in (Renderer, TemplatesSetting))
    for one, other in zip(ours["pick"], django["pick"], strict=True):
        SimpleTestCase().assertHTMLEqual(one.tag(), other.tag())
        SimpleTestCase().assertHTMLEqual(str(one), str(other))
    assert str(ours["pick"].errors) == str(django["pick"].errors) != ""
    assert str(Form({"pick": "1"}, renderer=Renderer())["pick"].errors) == ""
