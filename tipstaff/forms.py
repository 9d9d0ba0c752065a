"""How every form of ours looks: label, hint, errors and control together, from `templates/parts/`. Controls are written
here as Django's templates write them: a desk page has hundreds of options, each of which would be a template by itself.
"""

from collections.abc import Callable
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.formats import localize
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeData, SafeString

type Widget = dict[str, Any]


def _said(value: Any) -> str:
    """As `{{ value }}` does."""
    return conditional_escape(localize(value))


def _plain(value: Any) -> str:
    """As `{{ value|stringformat:"s" }}` does."""
    return str(value) if isinstance(value, SafeData) else escape(str(value))


def _attributes(widget: Widget) -> str:
    told = [(name, value) for name, value in widget["attrs"].items() if value is not False]
    return "".join(f" {_said(name)}" if value is True else f' {_said(name)}="{_plain(value)}"' for name, value in told)


def _input(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{_plain(widget["value"])}"'
    return f'<input type="{_said(widget["type"])}" name="{_said(widget["name"])}"{value}{_attributes(widget)}>'


def _input_option(widget: Widget) -> str:
    if not widget.get("wrap_label"):
        return _input(widget)
    of = f' for="{_said(widget["attrs"]["id"])}"' if widget["attrs"].get("id") else ""
    return f"<label{of}>{_input(widget)} {_said(widget['label'])}</label>"


def _option(widget: Widget) -> str:
    return f'<option value="{_plain(widget["value"])}"{_attributes(widget)}>{_said(widget["label"])}</option>\n'


def _select(widget: Widget) -> str:
    parts = [f'<select name="{_said(widget["name"])}"{_attributes(widget)}>']
    for name, options, _index in widget["optgroups"]:
        parts += [f'\n  <optgroup label="{_said(name)}">'] if name else []
        parts += [f"\n  {_written(option)}" for option in options]
        parts += ["\n  </optgroup>"] if name else []
    return "".join([*parts, "\n</select>"])


def _multiple_input(widget: Widget) -> str:
    told = [(name, widget["attrs"].get(name)) for name in ("id", "class")]
    parts = ["<div", *(f' {name}="{_said(value)}"' for name, value in told if value), ">"]
    for name, options, _index in widget["optgroups"]:
        parts += [f"\n  <div><label>{_said(name)}</label>"] if name else []
        parts += [f"<div>\n    {_written(option)}</div>" for option in options]
        parts += ["\n  </div>"] if name else []
    return "".join([*parts, "\n</div>"])


def _textarea(widget: Widget) -> str:
    value = _said(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{_said(widget["name"])}"{_attributes(widget)}>\n{value}</textarea>'


def _written(widget: Widget) -> str:
    return WRITTEN[widget["template_name"]](widget)


FOLDER = "django/forms/widgets"
INPUTS = (
    "checkbox",
    "date",
    "datetime",
    "email",
    "file",
    "hidden",
    "number",
    "password",
    "search",
    "tel",
    "text",
    "url",
)
WRITTEN: dict[str, Callable[[Widget], str]] = {f"{FOLDER}/{name}.html": _input for name in INPUTS} | {
    f"{FOLDER}/checkbox_option.html": _input_option,
    f"{FOLDER}/radio_option.html": _input_option,
    f"{FOLDER}/checkbox_select.html": _multiple_input,
    f"{FOLDER}/radio.html": _multiple_input,
    f"{FOLDER}/select.html": _select,
    f"{FOLDER}/select_option.html": _option,
    f"{FOLDER}/textarea.html": _textarea,
}


class Renderer(TemplatesSetting):
    """`FORM_RENDERER`. Needs `django.forms` among the installed apps, for the other widgets' own templates."""

    form_template_name = "parts/form.html"
    field_template_name = "parts/field.html"

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        if write := WRITTEN.get(template_name):
            return SafeString(write(context["widget"]))  # each part is escaped above
        if template_name.startswith("django/forms/errors/") and not context["errors"]:
            return SafeString()
        return super().render(template_name, context, request)
