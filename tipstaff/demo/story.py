"""The demo's story, told by calling operations under a clock moved into the past; relative to now."""

from tipstaff.accounts.models import User
from tipstaff.demo.people import PASSWORD, PEOPLE
from tipstaff.workflow.actors import System

DEMO = System("demo")


def tell() -> str:
    """Make what is missing and say what was done. Safe to run again."""
    enrol()
    return "ok"


def enrol() -> dict[str, User]:
    """The people of the demo by mailbox name, enrolled if they are not."""
    known = {user.email: user for user in User.objects.all()}
    for person in PEOPLE:
        if person.email not in known:
            user = User(email=person.email, name=person.name, roles=[person.role])
            user.set_password(PASSWORD)
            user.enrol(actor=DEMO)
            known[person.email] = user
    return {person.mailbox: known[person.email] for person in PEOPLE}
