"""The people of the demo: one or more for every role, all with one password, in demo mode only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from tipstaff.permissions import Role

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PASSWORD = "tipstaff-demo"  # noqa: S105  told to everybody, and refused outside demo mode
DOMAIN = "demo.example"


@dataclass(frozen=True)
class Person:
    mailbox: str
    name: str
    role: Role
    group: "StrOrPromise"

    @property
    def email(self) -> str:
        return f"{self.mailbox}@{DOMAIN}"

    @property
    def role_label(self) -> str:
        return str(self.role.label)


ENFORCE = gettext_lazy("Enforcing")
GOVERN = gettext_lazy("Policy and committee")
WATCH = gettext_lazy("Watching and running")
PEOPLE = [
    Person("reviewer", "Mara Okafor", Role.REVIEWER, ENFORCE),
    Person("reviewer2", "Tomasz Zieliński", Role.REVIEWER, ENFORCE),
    Person("lead", "Ines Duarte", Role.LEAD, ENFORCE),
    Person("adjudicator", "Jonas Lindqvist", Role.ADJUDICATOR, ENFORCE),
    Person("senior", "Priya Raman", Role.SENIOR_ADJUDICATOR, ENFORCE),
    Person("head", "Samuel Adeyemi", Role.HEAD_OF_ENFORCEMENT, ENFORCE),
    Person("counsel", "Hélène Marchetti", Role.COUNSEL, ENFORCE),
    Person("appeals", "Noor Haddad", Role.APPEALS_REVIEWER, ENFORCE),
    Person("policy", "Greta Holm", Role.POLICY_EDITOR, GOVERN),
    Person("product", "Ravi Menon", Role.PRODUCT, GOVERN),
    Person("engineering", "Yuki Tanabe", Role.ENGINEERING, GOVERN),
    Person("legal", "Oskar Brandt", Role.LEGAL, GOVERN),
    Person("compliance", "Fatima Zahra Idrissi", Role.COMPLIANCE, GOVERN),
    Person("chair", "Lucía Reyes", Role.CHAIR, GOVERN),
    *(
        Person(f"member{number}", name, Role.MEMBER, GOVERN)
        for number, name in enumerate(
            [
                "Kwame Asante",
                "Anneli Saar",
                "Dmitri Volkonsky",
                "Mei-Ling Chow",
                "Bashir Karimi",
                "Orla Byrne",
                "Tane Ngata",
            ],
            1,
        )
    ),
    Person("custodian", "Petra Novak", Role.CUSTODIAN, WATCH),
    Person("owner", "Leo Fontaine", Role.SYSTEM_OWNER, WATCH),
    Person("auditor", "Amara Nwosu", Role.AUDITOR, WATCH),
    Person("admin", "Elif Demir", Role.ADMINISTRATOR, WATCH),
]
