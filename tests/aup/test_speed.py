"""However many versions there were, which rule binds at an instant is found through an index."""

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

from aup.models import PolicyVersion, Rule
from tipstaff.time import now

COPIES = 90  # of 110 rules each: 9,900 rows beside those of the version in force


def copied(version: PolicyVersion) -> None:
    """As many other versions with the same rules. They are drafts: only those can be written."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO aup_policyversion SELECT (r).* FROM (
                 SELECT jsonb_populate_record(v, jsonb_build_object('id', uuidv7(), 'ref', 'P-copy' || n,
                   'number', 'copy-' || n, 'state', 'draft', 'submitted_at', null, 'approved_at', null,
                   'published_at', null)) AS r
                 FROM aup_policyversion v, generate_series(1, %(count)s) n WHERE v.id = %(id)s) AS made""",
            {"count": COPIES, "id": version.pk},
        )
        cursor.execute(
            """INSERT INTO aup_rule SELECT (r).* FROM (
                 SELECT jsonb_populate_record(rule, jsonb_build_object('id', uuidv7(), 'version_id', v.id,
                   'cite', rule.code || '@' || v.number)) AS r
                 FROM aup_rule rule, aup_policyversion v
                 WHERE rule.version_id = %(id)s AND v.number LIKE 'copy-%%') AS made""",
            {"id": version.pk},
        )


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each table that a plan reads, with how."""
    if "Relation Name" in plan:
        yield plan["Relation Name"], plan["Node Type"]
    for part in plan.get("Plans", []):
        yield from scans(part)


def test_one_of_ten_thousand_rules_is_found_through_an_index(published):
    copied(published)
    assert Rule.objects.count() >= 10_000
    for wanted in (Rule.objects.in_force(now()).filter(code="LW-01"), Rule.objects.filter(cite="LW-01@9.0")):
        plan = json.loads(wanted.explain(format="json"))[0]["Plan"]
        assert "Index" in dict(scans(plan))["aup_rule"], plan
    assert Rule.objects.cited("LW-01", now()).version == published
