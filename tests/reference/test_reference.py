"""The reference is written from the code, says everything the code declares, and a stale page is noticed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tipstaff.permissions import Permission, Role
from tipstaff.reference import environment
from tipstaff.reference.acts import acts, records
from tipstaff.reference.pages import FOLDER, PAGES, stale, written
from tipstaff.workflow.operations import past

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return written()


def test_what_is_committed_is_what_the_code_says() -> None:
    # A process of its own: the tests register records that are not the product's.
    check = subprocess.run(
        [sys.executable, "manage.py", "reference", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert (check.returncode, check.stderr) == (0, "")


def test_a_stale_page_is_named(tmp_path: Path, pages: dict[str, str]) -> None:
    for name, text in pages.items():
        (tmp_path / name).write_text(text)
    assert stale(tmp_path) == []
    (tmp_path / "states.md").write_text(pages["states.md"].replace("Case", "Box", 1))
    (tmp_path / "events.md").unlink()
    assert stale(tmp_path) == ["states.md", "events.md"]


def test_every_operation_stands_on_three_pages(pages: dict[str, str]) -> None:
    for model in records():
        for operation, _does, _facts in acts(model):
            assert f"| `{operation.name}` |" in pages["states.md"].partition(f"## {model.__name__}\n")[2]
            assert f"`{model.__name__}.{operation.name}`" in pages["permissions.md"]
            assert f"`{model.reference_prefix}.{past(operation.name)}`" in pages["events.md"]


def test_every_operation_says_what_it_does() -> None:
    silent = [f"{model.__name__}.{act.name}" for model in records() for act, does, _facts in acts(model) if not does]
    assert silent == []


def test_every_permission_and_role_is_there(pages: dict[str, str]) -> None:
    for permission in Permission:
        assert f"| `{permission}` |" in pages["permissions.md"]
    for role in Role:
        assert f"| {role.label} |" in pages["permissions.md"]


def test_every_setting_has_words(pages: dict[str, str]) -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|.*\| (.*) \|$", pages["settings.md"], re.MULTILINE)
    assert {name for name, _words in rows} >= {"SECRET_KEY", "VAULT_KEY", "DATABASE_URL"}
    assert [name for name, words in rows if not words.strip()] == [], "Say in .env.example what it is."


def test_every_variable_of_the_example_is_read_by_the_settings() -> None:
    example = re.findall(r"^([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    readers = ("settings.py", "environment.py", "tracing.py")
    source = "".join((ROOT / "tipstaff" / name).read_text() for name in readers)
    assert [name for name in example if f'"{name}"' not in source] == []
    assert set(environment.read(source)) - set(example) == set(), "Name it in .env.example."


@pytest.mark.parametrize("page", PAGES)
def test_no_row_of_a_table_is_torn(page: str, pages: dict[str, str]) -> None:
    width = 0
    for line in pages[page].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width, line
        width = cells


def test_nothing_else_lies_in_the_folder() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted([*PAGES, "README.md"])
