"""The other parts and how far they are: the clocks of the machines, the broker, workers, sequencer, mail, webhooks."""

import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from tipstaff.celery import app, broker
from tipstaff.doctor.postgresql import rows
from tipstaff.doctor.result import Result, failing, first_line, ok, warning
from tipstaff.health import UNSIGNED_SECONDS
from tipstaff.jobs import beats
from tipstaff.ledger import keys, roles
from tipstaff.ledger.models import Leaf, SigningKey
from tipstaff.notices.models import Delivery, Endpoint, Message
from tipstaff.time import now

SKEW_NOTED, SKEW_WRONG = 1.0, 5.0  # seconds
LATE, DAY = timedelta(hours=1), timedelta(days=1)
TRIED, MANY = 3, 10_000
START_BROKER = "Start Valkey, or correct BROKER_URL. Nothing is lost meanwhile: the rows are the jobs."


# --- clocks ---
def clocks() -> Iterator[Result]:
    """This machine, PostgreSQL and the broker agree what time it is."""
    apart = {"PostgreSQL": _skew(lambda: float(rows("SELECT extract(epoch FROM clock_timestamp())")[0][0]))}
    try:
        with broker() as line:
            if tell := getattr(line.default_channel, "client", None):
                apart["the broker"] = _skew(lambda: _seconds(tell.time()))
    except OSError:
        pass  # told where the broker is looked at
    for name, seconds in apart.items():
        sentence = (
            f"The clock of {name} is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} this machine's."
        )
        do = "Let one time service (NTP) set the clocks of all machines."
        if abs(seconds) >= SKEW_WRONG:
            yield failing(sentence, do)
        elif abs(seconds) >= SKEW_NOTED:
            yield warning(sentence, do)
        else:
            yield ok(f"The clocks of this machine and of {name} agree.")


def _skew(ask: Callable[[], float]) -> float:
    """How far ahead the other clock is, in seconds, if answer and question took equally long."""
    ask()  # whatever has to be connected first
    before = time.time()
    told = ask()
    return told - (before + time.time()) / 2


def _seconds(told: tuple[int, int]) -> float:
    return told[0] + told[1] / 1_000_000


# --- Celery ---
def valkey() -> Iterator[Result]:
    """The broker answers and throws nothing away."""
    place = app.connection_for_read().as_uri()
    try:
        with broker() as line:
            told = _memory(line)
    except OSError as error:
        yield failing(f"The broker does not answer at {place}: {first_line(error)}.", START_BROKER)
        return
    yield ok(f"The broker answers at {place}.")
    policy = told.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield failing(
            f"The broker may throw tasks away when its memory is full (maxmemory-policy {policy}).",
            "Set maxmemory-policy noeviction in its configuration.",
        )


def _memory(line: Any) -> dict[str, Any]:
    client = getattr(line.default_channel, "client", None)
    return client.info("memory") if client else {}


def workers() -> Iterator[Result]:
    """A worker answers, and beat reminds it: a sweep ran a moment ago."""
    try:
        with broker():
            answers = app.control.ping(timeout=2)
    except OSError:
        answers = None
    if answers:
        names = sorted(name for answer in answers for name in answer)
        yield ok(f"{len(names)} worker{'s answer' if len(names) > 1 else ' answers'}: {', '.join(names)}.")
    elif answers is not None:
        yield failing("No worker answers.", "Start one: celery -A tipstaff worker. Its log says why it ended.")
    else:
        yield failing("Whether a worker is there cannot be told without the broker.", START_BROKER)
    yield from _sweep(is_worker_there=bool(answers))


def _sweep(*, is_worker_there: bool) -> Iterator[Result]:
    found = {beat.name: beat for beat in beats.beats()}
    sweep = found[beats.SWEEP]
    missing = "beat" if is_worker_there else "a worker and beat"
    do = f"Start {missing}: celery -A tipstaff beat. The next sweep makes up for it, with the true times."
    if sweep.last is None:
        yield failing("No sweep has run yet: clocks do not warn, and no mail leaves.", do)
        return
    seconds = (now() - sweep.last).total_seconds()
    if sweep.alarming:
        yield failing(f"The last sweep was {told(seconds)} ago, and one is due every {settings.SWEEP_SECONDS:g} s.", do)
    else:
        yield ok(f"The last sweep was {told(seconds)} ago.")
    for beat in found.values():
        if beat.alarming and beat is not sweep and beat.age:
            age, every = told(beat.age.total_seconds()), told(beat.every.total_seconds())
            yield failing(f"{beat.name} last ran {age} ago, and it is due every {every}.", "See /jobs/ for its error.")


# --- the sequencer and its key ---
def sequencer() -> Iterator[Result]:
    """Events are signed soon after they are recorded, with a key that nobody else can read."""
    yield from _signing_key(settings.LEDGER_KEY_FILE)
    connected = rows(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = current_database()", roles.SEQUENCER
    )[0][0]
    waiting, oldest = rows(
        """SELECT count(*), min(at) FROM ledger_event
           WHERE NOT EXISTS (SELECT FROM ledger_leaf WHERE event_id = ledger_event.id)"""
    )[0]
    seconds = (now() - oldest).total_seconds() if oldest else 0
    start = "Start it: manage.py sequencer. Its log says why it ended; what waits is signed then."
    if seconds > UNSIGNED_SECONDS:
        where = "is connected and gets no further" if connected else "is not connected"
        yield failing(
            f"{waiting} events wait to be signed, the oldest for {told(seconds)}: the sequencer {where}.", start
        )
    elif not connected:
        yield failing("The sequencer is not connected to the database.", start)
    else:
        yield ok(f"The sequencer is connected; {waiting or 'no'} events wait to be signed.")


def _signing_key(path: Path) -> Iterator[Result]:
    if not path.exists():
        if _keeps_key_here():
            yield failing(
                f"There is no signing key at {path}.",
                "Put the key back from your backup: a new one is a break that every auditor sees. Only if nothing was "
                "ever signed, start the sequencer, which makes one.",
            )
        else:
            yield ok("The signing key is not on this machine, as it should be where the sequencer does not run.")
        return
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        yield failing(
            f"Others than its owner can read the signing key {path} (mode {mode:o}).",
            f"chmod 600 {path}; and if anybody may have read it, tell your auditors.",
        )
    try:
        kid, _key = keys.load_or_create(path)
    except (keys.KeyRefused, OSError, ValueError) as error:
        yield failing(
            f"The signing key cannot be read: {first_line(error)}.", f"Put the key at {path} back from your backup."
        )
        return
    if SigningKey.objects.filter(kid=kid).exists():
        yield ok(f"The signing key {kid} is private and is the one that signs.")
    elif Leaf.objects.exists():
        yield failing(
            f"The key {kid} in {path} has never signed, and another one has.",
            "Put the right key back from your backup before the sequencer starts.",
        )
    else:
        yield warning(f"The signing key {kid} has not signed yet.", "Start the sequencer: manage.py sequencer.")


def _keeps_key_here() -> bool:
    return settings.DATABASES["sequencer"]["USER"] == roles.SEQUENCER


# --- mail and webhooks ---
def mail() -> Iterator[Result]:
    """The mail server takes a conversation (nothing is sent), and the outbox is not stuck."""
    mailer: dict[str, Any] = settings.MAILERS["default"]
    if not mailer["BACKEND"].endswith("smtp.EmailBackend"):
        yield warning(f"Mail goes through {mailer['BACKEND']} and not to a server.", "Set EMAIL_URL.")
    else:
        yield from _greet(mailer["OPTIONS"])


def _greet(options: dict[str, Any]) -> Iterator[Result]:
    place = f"{options['host']}:{options['port']}"
    secured = options.get("use_ssl") or options.get("use_tls")
    kind = smtplib.SMTP_SSL if options.get("use_ssl") else smtplib.SMTP
    try:
        with kind(options["host"], options["port"], timeout=10) as line:
            line.ehlo_or_helo_if_needed()
            if options.get("use_tls"):
                line.starttls()
            if options.get("username"):
                line.login(options["username"], options["password"])
            line.noop()
    except (OSError, smtplib.SMTPException) as error:
        code = f" ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""
        yield failing(
            f"The mail server does not take us at {place}{code}: {first_line(error)}.",
            "Start it, or correct EMAIL_URL. Mail waits in the outbox meanwhile.",
        )
        return
    yield ok(f"The mail server takes us at {place}.")
    if options.get("username") and not secured:
        yield warning(
            "The password for the mail server goes over the line in clear.",
            "Use smtp+tls:// or smtp+ssl:// in EMAIL_URL.",
        )


def outbox() -> Iterator[Result]:
    """What leaves the house is not stuck."""
    waiting = Message.objects.filter(state="queued")
    late = waiting.filter(queued_at__lt=now() - LATE)
    stuck, worst = late.count(), late.order_by("queued_at").first()
    if worst is not None:
        cause = f" The oldest was tried {worst.attempts} times: {worst.last_error}." if worst.last_error else ""
        yield failing(
            f"{stuck} mails have waited for more than an hour.{cause}",
            "Look at the mail server and at the workers; each mail is tried again by itself.",
        )
    else:
        yield ok(f"No mail has waited for more than an hour; {waiting.count() or 'none'} wait now.")
    yield from _receivers()


def _receivers() -> Iterator[Result]:
    """Webhooks, by receiver: one that does not take them is somebody's to repair."""
    tried = Counter(
        Delivery.objects.filter(state="queued", attempts__gte=TRIED).values_list("endpoint_id", flat=True)[:MANY]
    )
    dead = Counter(
        Delivery.objects.filter(state="dead", given_up_at__gte=now() - DAY).values_list("endpoint_id", flat=True)[:MANY]
    )
    receivers = Endpoint.objects.kept()
    wrong = False
    for receiver in receivers:
        if receiver.state == Endpoint.State.DISABLED:
            wrong = True
            yield warning(
                f"The webhook receiver {receiver.pk} is switched off: what happens waits for it.",
                "Switch it on again on its page, or close it.",
            )
        elif tried[receiver.pk] or dead[receiver.pk]:
            wrong = True
            yield failing(
                f"The webhook receiver {receiver.pk} does not take what it is sent: {tried[receiver.pk]} messages wait "
                f"after {TRIED} tries or more, and {dead[receiver.pk]} were given up since yesterday.",
                "Its last answers stand on its page. It is tried again by itself.",
            )
    if receivers and not wrong:
        yield ok(f"All {len(receivers)} webhook receivers take what they are sent.")


def send_mail(address: str) -> Iterator[Result]:
    """One real mail, because somebody asked for it."""
    text = "This is a test. If you read it, the mail server took it, and it arrived.\n"
    try:
        EmailMessage(f"A test mail of {settings.PROVIDER_NAME}", text, to=[address]).send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        yield failing(f"The test mail was not taken: {first_line(error)}.", "Correct the address, or EMAIL_URL.")
    else:
        yield ok(f"The mail server took a test mail to {address}. Look whether it arrived.")


def told(seconds: float) -> str:
    """A length of time as people say it."""
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {word}s"
    return f"{int(seconds)} s"
