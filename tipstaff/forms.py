"""How every form of ours looks: label, hint, errors and control together, from `templates/parts/`."""

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """`FORM_RENDERER`. Needs `django.forms` among the installed apps, for the widgets' own templates."""

    form_template_name = "parts/form.html"
    field_template_name = "parts/field.html"
