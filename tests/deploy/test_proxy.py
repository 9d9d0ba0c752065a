"""The proxy refuses what the web would refuse, and logs no credential."""

import re

from django.conf import settings
from django.urls import reverse

from tests.deploy.parts import ROOT, Unit, compose, unit, units
from tipstaff.logs import TOKEN_IN_PATH

CONF = (ROOT / "deploy/nginx/tipstaff.conf").read_text()
MEGABYTE = 1024 * 1024


def test_a_body_may_be_as_large_as_the_web_takes_it() -> None:
    everywhere = re.search(r"^    client_max_body_size (\d+)m;", CONF, re.MULTILINE)
    assert everywhere
    assert int(everywhere[1]) * MEGABYTE == settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    doors = re.findall(r"location (\S+) \{\s+client_max_body_size (\d+)m;\s+proxy_pass", CONF)
    assert {door: int(size) * MEGABYTE for door, size in doors} == dict.fromkeys(
        settings.FILE_DOORS, settings.REQUEST_BYTES
    )


def logged(path: str) -> str:
    """What the map of the configuration makes of a path, by its own expressions."""
    block = re.search(r"map \$uri \$tipstaff_path \{(.*?)\n\}", CONF, re.DOTALL)
    assert block
    for pattern, shown in re.findall(r'"~(.+?)" "(.+?)";', block[1]):
        if found := re.match(pattern.replace("(?<", "(?P<"), path):
            return re.sub(r"\$(\w+)", lambda name: found[name[1]], shown)
    return path


def test_no_credential_is_logged() -> None:
    kinds = re.search(r"\(\?:(.+?)\)", TOKEN_IN_PATH.pattern)
    assert kinds
    for kind in kinds[1].split("|"):
        assert logged(f"/{kind}/0123.abc/") == f"/{kind}/…/"
    assert logged(reverse("notices:notice", args=["0123.abc"])) == "/notice/…/"
    assert "SECRET" not in logged(reverse("account_reset_password_from_key", args=["1", "SECRET"]))
    assert "SECRET" not in logged(reverse("account_confirm_email", args=["SECRET"]))
    assert logged("/desk/cases/C-0001/") == "/desk/cases/C-0001/"
    form = re.search(r"log_format tipstaff (.+?);", CONF, re.DOTALL)
    assert form
    assert not re.search(r"\$(request|request_uri|args|query_string|http_\w+|remote_addr)\b", form[1])
    assert set(re.findall(r"access_log (\S+)( \w+)?;", CONF)) == {("/dev/stdout", " tipstaff"), ("off", "")}


def test_it_waits_for_whole_requests_and_believes_no_header_of_a_client() -> None:
    assert "proxy_request_buffering on;" in CONF
    assert "proxy_buffering on;" in CONF
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in CONF
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in CONF


def test_it_passes_to_where_the_web_listens() -> None:
    port = units()["web"].flags["--port"]
    assert port == "%i"  # the instance's name
    web = next(word for word in compose()["services"]["web"]["command"] if word.startswith("--port="))
    assert f"server web:{web.removeprefix('--port=')};" in CONF


def test_units_may_write_where_their_state_is_and_nowhere_else() -> None:
    every = sorted((ROOT / "deploy/systemd").glob("*.service"))
    assert len(every) == 6
    for path in every:
        service = Unit(path)["Service"]
        assert service["ProtectSystem"] == "strict", path.name
        assert service["NoNewPrivileges"] == service["PrivateTmp"] == service["ProtectHome"] == "yes"
        assert service["CapabilityBoundingSet"] == ""
        assert service["User"] in {"tipstaff", "tipstaff-sequencer"}
        assert "/etc/tipstaff/tipstaff.env" in service["EnvironmentFile"]
        assert f"/var/lib/{service['StateDirectory']}" in service["Environment"]


def test_only_who_needs_them_reads_the_owners_and_the_sequencers_address() -> None:
    every = (ROOT / "deploy/systemd").glob("*.service")
    files = {path.name: Unit(path).all("Service", "EnvironmentFile")[1:] for path in every}
    assert {name: more for name, more in files.items() if more} == {
        "tipstaff-migrate.service": ["/etc/tipstaff/owner.env"],
        "tipstaff-sequencer.service": ["/etc/tipstaff/sequencer.env"],
    }
    assert unit("sequencer")["Service"]["User"] == "tipstaff-sequencer"
