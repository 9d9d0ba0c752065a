"""How the four ways to run Tipstaff start its parts: `make run`, the Procfile, compose and systemd, read alike."""

import re
import shlex
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml

from tipstaff.demo import start

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("web", "worker", "bulk", "beat", "sequencer")
UNITS = {"web": "tipstaff-web@.service", "worker": "tipstaff-worker@.service", "bulk": "tipstaff-bulk@.service"}
SHORT = {"-A": "--app"}
# Flags without a value of their own
ALONE = {"--no-ws", "--no-access-log", "--respawn-failed-workers", "--without-mingle", "--without-gossip"}


@dataclass
class Command:
    """What is started: its words before the first flag and between, its flags, and what the environment adds."""

    words: list[str]
    flags: dict[str, str]
    environment: dict[str, str]


def command(words: list[str], environment: dict[str, str]) -> Command:
    """Without the interpreter and the folder of a program, so that `python -m celery` is `.venv/bin/celery`."""
    words = list(words)
    while "=" in words[0]:
        name, _equals, value = words.pop(0).partition("=")
        environment = environment | {name: value}
    if PurePath(words[0]).name.startswith("python"):
        words = words[2:] if words[1] == "-m" else words[1:]
    words[0] = PurePath(words[0]).name
    plain, flags = [], {}
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            plain.append(word)
            continue
        name, equals, value = word.partition("=")
        flags[SHORT.get(name, name)] = value if equals or name in ALONE else words.pop(0)
    return Command(plain, flags, environment)


def supervisor() -> dict[str, Command]:
    children = start.children(Path("/home"), 8000, None)
    return {child.name: command([str(word) for word in child.argv], child.env) for child in children}


def procfile() -> dict[str, Command]:
    lines = (line.partition(": ") for line in (ROOT / "Procfile").read_text().splitlines())
    return {name: command(shlex.split(line), {}) for name, _colon, line in lines}


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())


def containers() -> dict[str, Command]:
    services = compose()["services"]
    return {name: command(services[name]["command"], services[name]["environment"]) for name in PARTS}


class Unit(ConfigParser):
    """A unit file; a key that stands twice gives its lines one below the other."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
        self.optionxform = str  # type: ignore[assignment,method-assign]  names keep their capitals
        text = path.read_text().replace("\\\n", " ")
        seen: dict[str, int] = {}
        lines = []
        for line in text.splitlines():
            name = line.partition("=")[0]
            if re.fullmatch(r"[A-Za-z]+=.*", line):
                seen[name] = seen.get(name, 0) + 1
                line = line if seen[name] == 1 else line.replace("=", f"#{seen[name]}=", 1)
            lines.append(line)
        self.read_string("\n".join(lines))

    def all(self, section: str, name: str) -> list[str]:
        return [value for key, value in self[section].items() if key.partition("#")[0] == name]


def unit(part: str) -> Unit:
    return Unit(ROOT / "deploy/systemd" / UNITS.get(part, f"tipstaff-{part}.service"))


def units() -> dict[str, Command]:
    found = {}
    for part in PARTS:
        service = unit(part)
        pairs = (word.split("=", 1) for line in service.all("Service", "Environment") for word in line.split())
        found[part] = command(shlex.split(service["Service"]["ExecStart"]), dict(pairs))
    return found
