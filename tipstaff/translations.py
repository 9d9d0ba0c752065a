"""The catalogues in `locale/`: every string of the source stands in them, and the `.mo` files are what the `.po` say.

`python -m tipstaff.translations` brings them up to date, `--check` only looks. Needs Babel and no gettext: Django turns
a template into Python that Babel can read.
"""

import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("ar", "es", "fr")
# As Django has it: none, one, two, few, many, other. Babel swaps the last two.
ARABIC = 6, "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5)"
ROOMS = ("tipstaff", "aup", "governance", "cases", "appeals", "oversight")
KEYWORDS: dict[str, Any] = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip

# A person who does not work here meets every string of these, so each must be translated; besides, those of every
# template on a public base with all that it takes in, of every module with a public view or a mail, and of their forms.
PUBLIC_SOURCES = (
    "templates/notices/*.txt", "templates/account/*.html", "templates/parts/*.html",
    "templates/aup/acknowledge_page.html",  # its base is given to it
    "aup/data/decision_matrix.yaml", "aup/matrix/words.py", "aup/models/decision_matrix.py",
    "aup/models/feedback.py", "aup/models/rule.py",
    "appeals/models/*.py", "cases/models/decision.py", "cases/models/hand.py",
    "cases/models/remediation.py", "cases/models/remedying.py", "cases/putting_right.py",
    "cases/models/answerable.py", "cases/limits.py", "cases/pathways.py", "cases/models/survey.py",
    "governance/models/dossier.py", "governance/models/waiver*.py",
    "tipstaff/access.py", "tipstaff/accounts/limits.py", "tipstaff/accounts/models/subject.py",
    "tipstaff/demo/people.py", "tipstaff/permissions.py", "tipstaff/refusals.py", "tipstaff/sla/models/kinds.py",
    "tipstaff/sla/spoken.py", "tipstaff/vault/sniff.py", "tipstaff/vault/staging.py", "tipstaff/vault/storage.py",
    "tipstaff/workflow/operations.py",
)  # fmt: skip
PUBLIC_BASES = {"base_public.html", "base_link.html"}
STANDS_ON = re.compile(r"\{%\s*extends\s+[\"']([^\"'#]+)")
IMPORTS_FORMS = re.compile(r"^from ([\w.]*forms[\w.]*) import", re.MULTILINE)
FOR_EVERYBODY = re.compile(r"^@public$|\boutbox\.queue\(", re.MULTILINE)
TAKES_IN = re.compile(r"\{%\s*include\s+[\"']([^\"'#]+)")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|</?\w+[^>]*>")


class Words(Catalog):
    """A catalogue without the noise of dates, tools and line numbers: the same words give the same bytes."""

    def __init__(self, language: str) -> None:
        comment = f"# Tipstaff in {Locale.parse(language).english_name}."
        super().__init__(locale=language, header_comment=comment, fuzzy=False)
        if language == "ar":
            self._num_plurals, self._plural_expr = ARABIC  # type: ignore[assignment]

    def _headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]

    mime_headers = property(_headers, Catalog._set_mime_headers)


def sources() -> Iterator[Path]:
    """Every file that may hold strings, in a fixed order."""
    for room in ROOMS:
        yield from sorted(path for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)
    yield from sorted((ROOT / "templates").rglob("*.html"))
    yield from sorted((ROOT / "templates").rglob("*.txt"))
    yield ROOT / "aup" / "data" / "decision_matrix.yaml"


def strings_of(path: Path) -> Iterator[tuple[Any, ...]]:
    """Line, function, message(s) and comments of each string in `path`."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        for title in _titles(yaml.safe_load(text)):
            yield 1, "gettext", title, []
        return
    if path.suffix in (".html", ".txt"):
        # What is left of the template is blanked out, but its indentation would not be Python's.
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    yield from extract_python(io.BytesIO(text.encode()), KEYWORDS, ["Translators:"], {"encoding": "utf-8"})


def _titles(matrix: dict[str, Any]) -> Iterator[str]:
    """What the default decision matrix calls its tiers, sanctions and factors: it stands in notices."""
    adjustments = matrix["adjustments"]
    for named in (
        *matrix["tiers"],
        *matrix["sanctions"].values(),
        *adjustments["mitigating"],
        *adjustments["aggravating"],
    ):
        yield named["title"]


def extract() -> Catalog:
    """All strings of the source, each with the files that say it."""
    found = Catalog()
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        for line, function, given, comments, *_call in strings_of(path):
            context, message = _picked(KEYWORDS[function], given)
            if message:
                found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return found


def _picked(keyword: Any, given: Any) -> tuple[str | None, Any]:
    """Context and message among the arguments of a call; nothing where one of them is not a plain string."""
    arguments = given if isinstance(given, tuple) else (given,)
    if keyword is None:
        return None, arguments[0]
    chosen = [arguments[index[0] - 1 if isinstance(index, tuple) else index - 1] for index in keyword[: len(arguments)]]
    if len(chosen) < len(keyword) or not all(chosen):
        return None, None
    context = chosen.pop(0) if isinstance(keyword[0], tuple) else None
    return context, tuple(chosen) if len(chosen) > 1 else chosen[0]


def folder(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES"


def kept(language: str) -> Catalog:
    """What `django.po` of `language` says now; empty if there is none."""
    path = folder(language) / "django.po"
    if not path.exists():
        return Words(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renewed(language: str, strings: Catalog) -> Words:
    """The strings of the source with the translations they have; none is guessed, and what is said no more goes."""
    before, words = kept(language), Words(language)
    for message in strings:
        if message.id:
            old = before.get(message.id, message.context)
            words.add(
                message.id,
                string=old.string if old is not None and old.pluralizable == message.pluralizable else None,
                locations=message.locations,
                flags=(old.flags & {"fuzzy"} if old is not None else set()) | message.flags,
                auto_comments=message.auto_comments,
                user_comments=old.user_comments if old is not None else (),
                context=message.context,
            )
    return words


def as_po(words: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, words, width=110, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return file.getvalue().rstrip(b"\n") + b"\n"


def as_mo(words: Catalog) -> bytes:
    """The translated strings alone, so that what is half said is English."""
    whole, file = Words(str(words.locale_identifier)), io.BytesIO()
    for message in words:
        if message.id and all(_said(message)):
            whole.add(message.id, string=message.string, flags=message.flags, context=message.context)
    write_mo(file, whole)
    return file.getvalue()


def public_templates() -> set[str]:
    """Templates that stand on a public base, at whatever distance, and all that they stand on or take in."""
    texts = {
        path.relative_to(ROOT / "templates").as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "templates").rglob("*.html")
    }
    found = {*PUBLIC_BASES, *(name for name in texts if name.startswith("errors/"))}
    while more := {name for name, text in texts.items() if found & set(STANDS_ON.findall(text))} - found:
        found |= more
    while more := {other for name in found for other in _named_in(texts.get(name, ""))} - found:
        found |= more
    return {f"templates/{name}" for name in found & texts.keys()}


def _named_in(text: str) -> list[str]:
    return STANDS_ON.findall(text) + TAKES_IN.findall(text)


def public_modules() -> set[str]:
    """The modules with a public view or a mail to somebody, the forms they import, and those that these build on."""
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sources()
        if path.suffix == ".py"
    }
    found = {name for name, text in texts.items() if FOR_EVERYBODY.search(text)}
    while (
        more := {
            other
            for name in found
            for module in IMPORTS_FORMS.findall(texts[name])
            if (other := module.replace(".", "/") + ".py") in texts
        }
        - found
    ):
        found |= more
    return found


def public(strings: Catalog) -> list[Message]:
    """The strings that somebody who does not work here can meet."""
    places = public_templates() | public_modules()

    def is_public(name: str) -> bool:
        return name in places or any(fnmatch(name, pattern) for pattern in PUBLIC_SOURCES)

    return [message for message in strings if message.id and any(is_public(name) for name, _line in message.locations)]


def faults_of(words: Catalog, strings: Catalog) -> Iterator[str]:
    """What is wrong with the translations: public strings without one, and any that lose a placeholder or a tag."""
    language = words.locale_identifier
    for message in public(strings):
        found = words.get(message.id, message.context)
        said = _said(found) if found is not None else []
        if not said or not all(said) or (found is not None and found.fuzzy):
            yield f"{language}: not translated: {_first(message)!r} ({message.locations[0][0]})"
    for message in words:
        if message.id and any(_said(message)):
            yield from (f"{language}: {_first(message)!r}: {fault}" for fault in _misfits(message, words.num_plurals))


def _said(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, list | tuple) else [str(message.string or "")]


def _first(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, list | tuple) else message.id)


def _last(message: Message) -> str:
    return str(message.id[-1] if isinstance(message.id, list | tuple) else message.id)


def _misfits(message: Message, plurals: int) -> Iterator[str]:
    """Placeholders and tags must be those of the original; a plural form for one or two may leave the number out."""
    said = _said(message)
    if message.pluralizable and len(said) != plurals:
        yield f"{len(said)} plural forms of {plurals}"
    wanted = Counter(PLACEHOLDER.findall(_last(message)))
    for text in filter(None, said):
        given = Counter(PLACEHOLDER.findall(text))
        lost: Counter[str] = Counter() if message.pluralizable else wanted - given
        if strange := (given - wanted) + lost:
            yield f"{', '.join(strange)} in {text!r}"


def check() -> list[str]:
    """What keeps the catalogues from being what the source and the `.po` files say; empty when all is well."""
    strings, found = extract(), []
    for language in LANGUAGES:
        words = renewed(language, strings)
        po, mo = folder(language) / "django.po", folder(language) / "django.mo"
        if not po.exists() or po.read_bytes() != as_po(words):
            found.append(f"{language}: django.po is not what the source says: run `make messages`.")
        if not mo.exists() or mo.read_bytes() != as_mo(words):
            found.append(f"{language}: django.mo is not what django.po says: run `make messages`.")
        found += faults_of(words, strings)
    return found


def write() -> None:
    strings = extract()
    for language in LANGUAGES:
        words = renewed(language, strings)
        folder(language).mkdir(parents=True, exist_ok=True)
        (folder(language) / "django.po").write_bytes(as_po(words))
        (folder(language) / "django.mo").write_bytes(as_mo(words))


def main(arguments: list[str]) -> int:
    if "--check" not in arguments:
        write()
        return 0
    faults = check()
    print("\n".join(faults) or "The catalogues are what the source says.", file=sys.stderr if faults else sys.stdout)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
