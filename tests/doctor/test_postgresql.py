"""What the doctor says of PostgreSQL, its roles and rights, and of what keeps history."""

from collections.abc import Iterator

import pytest
from django.db import connections

from tests.doctor.conftest import Break, Told
from tipstaff.doctor import guards, postgresql, rights
from tipstaff.doctor.postgresql import rows
from tipstaff.ledger import roles


class TestServer:
    def test_it_is_the_right_one_and_this_one_forgets(self, place: str) -> None:
        """The tests' own server does run without fsync."""
        told = Told(postgresql.server)
        assert told[0][:2] == ("ok", told[0][1])
        assert told[0][1].startswith("PostgreSQL 18.")
        (forgets,) = told.failing
        assert forgets == (
            "fsync, full_page_writes, synchronous_commit is off: what was acknowledged can be lost when the machine "
            "stops."
        )
        assert "fsync = on" in told.advice(forgets)
        assert told.warnings == []
        assert told.all_of("ok")[-1] == "Its log holds no statement and no row."

    def test_it_is_not_there(self, place: str) -> None:
        default = connections["default"]
        default.close()
        port = default.settings_dict["PORT"]
        default.settings_dict["PORT"] = 1
        try:
            ((state, sentence, do),) = Told(postgresql.server)
        finally:
            default.settings_dict["PORT"] = port
        assert (state, do) == ("failing", "Start it, or correct DATABASE_URL.")
        assert sentence.startswith(f"PostgreSQL does not answer at 127.0.0.1:1/{place}: connection failed")

    def test_it_reckons_elsewhere(self, superuser: Break) -> None:
        superuser("SET LOCAL timezone TO 'Asia/Tokyo'")
        assert (
            Told(postgresql.server).failing[-1]
            == "Sessions run in the time zone Asia/Tokyo, and Tipstaff reckons in UTC."
        )

    @pytest.mark.parametrize(
        "setting",
        [
            "log_min_error_statement = 'error'", "log_error_verbosity = 'default'", "log_statement = 'mod'",
            "log_min_duration_statement = 100",
        ],
    )  # fmt: skip
    def test_its_log_holds_what_people_typed(self, superuser: Break, setting: str) -> None:
        superuser(f"SET LOCAL {setting}")
        told = Told(postgresql.server)
        (sentence,) = told.warnings
        assert "what people typed is in them" in sentence
        assert told.advice(sentence).startswith(f"Set {setting.partition(' ')[0]} = ")


class TestRoles:
    def test_all_is_well(self, place: str) -> None:
        told = Told(postgresql.who)
        assert told.failing == told.warnings == []
        assert told[0][1] == "This process is connected as tipstaff_app."
        assert told[1][1].endswith("tables belong to tipstaff_owner.")

    def test_a_superuser_is_at_work(self, superuser: Break) -> None:
        (sentence,) = Told(postgresql.who).failing
        assert sentence == "This process is connected as tipstaff, a superuser: it could change history."

    @pytest.mark.parametrize(
        ("done", "sentence", "advice"),
        [
            (
                "ALTER ROLE tipstaff_eraser RENAME TO somebody",
                "PostgreSQL has no role tipstaff_eraser.",
                "As a superuser: CREATE ROLE tipstaff_eraser LOGIN PASSWORD '…';",
            ),
            (
                "ALTER ROLE tipstaff_app SUPERUSER CREATEROLE",
                "tipstaff_app is SUPERUSER and CREATEROLE, and so can change history.",
                "As a superuser: ALTER ROLE tipstaff_app NOSUPERUSER NOCREATEROLE;",
            ),
            (
                "GRANT tipstaff_owner TO tipstaff_app",
                "tipstaff_app is a member of tipstaff_owner and can act as it.",
                "As a superuser: REVOKE tipstaff_owner FROM tipstaff_app;",
            ),
            (
                "ALTER TABLE cases_case OWNER TO tipstaff_app",
                "tipstaff_app owns cases_case, and an owner can switch triggers off.",
                "As a superuser: REASSIGN OWNED BY tipstaff_app TO tipstaff_owner; then run manage.py migrate.",
            ),
        ],
    )
    def test_a_role_is_not_as_it_should_be(self, superuser: Break, done: str, sentence: str, advice: str) -> None:
        superuser(done)
        told = Told(postgresql.who)
        assert sentence in told.failing
        assert told.advice(sentence) == advice

    @pytest.fixture
    def eraser(self, place: str) -> Iterator[dict]:
        address = connections["eraser"].settings_dict
        before = dict(address)
        yield address
        connections["eraser"].close()
        address |= before

    def test_an_address_leads_to_another_role(self, eraser: dict) -> None:
        eraser |= {name: connections["owner"].settings_dict[name] for name in ("USER", "PASSWORD")}
        sentence = "ERASER_DATABASE_URL connects as tipstaff_owner and not as tipstaff_eraser."
        assert Told(postgresql.who).failing == [sentence]

    def test_an_address_has_a_wrong_password(self, eraser: dict) -> None:
        eraser["PASSWORD"] = "guessed"
        (sentence,) = Told(postgresql.who).failing
        assert sentence.startswith("ERASER_DATABASE_URL leads nowhere: connection failed")


class TestRights:
    def test_all_is_well(self, place: str) -> None:
        ((state, sentence, _do),) = Told(postgresql.allowed)
        assert state == "ok"
        assert sentence.startswith("tipstaff_app, tipstaff_sequencer, tipstaff_eraser have exactly the rights")

    @pytest.mark.parametrize(
        ("done", "sentence", "advice"),
        [
            (
                "GRANT UPDATE, DELETE ON ledger_event TO tipstaff_app",
                "tipstaff_app may UPDATE ledger_event, which it must not.",
                "As tipstaff_owner: REVOKE UPDATE ON ledger_event FROM tipstaff_app;",
            ),
            (
                "GRANT INSERT ON ledger_leaf TO PUBLIC",
                "tipstaff_eraser may INSERT ledger_leaf, which it must not.",
                "As tipstaff_owner: REVOKE INSERT ON ledger_leaf FROM tipstaff_eraser;",
            ),
            (
                "GRANT UPDATE (name) ON ledger_disclosure TO tipstaff_eraser",
                "tipstaff_eraser may UPDATE (name) ledger_disclosure, which it must not.",
                "As tipstaff_owner: REVOKE UPDATE (name) ON ledger_disclosure FROM tipstaff_eraser;",
            ),
            (
                "REVOKE SELECT ON cases_case FROM tipstaff_app",
                "tipstaff_app may not SELECT cases_case, and needs to.",
                "Run manage.py migrate: it sets the rights anew.",
            ),
            (
                "GRANT TRIGGER ON cases_hand TO tipstaff_app",
                "tipstaff_app may TRIGGER cases_hand, which it must not.",
                "As tipstaff_owner: REVOKE TRIGGER ON cases_hand FROM tipstaff_app;",
            ),
        ],
    )
    def test_one_is_too_much_or_missing(self, superuser: Break, done: str, sentence: str, advice: str) -> None:
        superuser(done)
        told = Told(postgresql.allowed)
        assert sentence in told.failing
        assert told.advice(sentence) == advice

    def test_every_statement_that_is_run_is_understood(self, place: str) -> None:
        with connections["default"].cursor() as cursor:
            tables = set(connections["default"].introspection.table_names(cursor))
        assert all(rights.STATEMENT.fullmatch(statement) for statement in roles.statements(tables))
        held = rights.wanted(tables)
        assert ("DELETE", "ledger_event") not in held[roles.APP]
        assert held[roles.ERASER] >= {("UPDATE (salt)", "ledger_disclosure"), ("UPDATE (value)", "ledger_disclosure")}


class TestGuards:
    def test_all_is_well_and_no_trigger_is_unknown(self, place: str) -> None:
        ((state, sentence, _do),) = Told(guards.look)
        expected = guards.expected()
        there = set(
            rows("SELECT relname, tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal")
        )
        assert expected.triggers.keys() == there
        assert expected.always == there
        assert (state, sentence) == (
            "ok", f"All {len(there)} triggers that keep history are there, on and unchanged.",
        )  # fmt: skip

    def test_a_function_that_goes_takes_its_triggers_along(self) -> None:
        guards_read = guards.Guards()
        guards_read.read(
            "CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); DROP FUNCTION f() CASCADE;"
        )
        assert guards_read.triggers == {}

    @pytest.mark.parametrize(
        ("done", "sentence"),
        [
            (
                "ALTER TABLE ledger_event DISABLE TRIGGER ledger_event_same",
                "The trigger ledger_event_same on ledger_event is switched off.",
            ),
            (
                "ALTER TABLE ledger_event ENABLE TRIGGER ledger_event_same",
                "The trigger ledger_event_same on ledger_event does not fire in a session that replays a replica.",
            ),
            (
                "ALTER TABLE cases_hand ENABLE REPLICA TRIGGER cases_hand_keep",
                "The trigger cases_hand_keep on cases_hand fires only in a replica.",
            ),
            (
                "DROP TRIGGER cases_decision_keep ON cases_decision",
                "The trigger cases_decision_keep on cases_decision is gone: rows there can be changed.",
            ),
            (
                "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RETURN NEW; END $$",
                "The function refuse_change, which triggers call, is not the one that the migrations made.",
            ),
            (
                "DROP TRIGGER cases_hand_keep ON cases_hand; CREATE FUNCTION nothing() RETURNS trigger "
                "LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER cases_hand_keep "
                "BEFORE UPDATE ON cases_hand FOR EACH ROW EXECUTE FUNCTION nothing()",
                "The trigger cases_hand_keep on cases_hand calls nothing and not cases_keep_hand.",
            ),
            (
                "ALTER TABLE cases_case ADD CONSTRAINT later CHECK (severity > 0) NOT VALID",
                "The constraint later of cases_case does not hold for every row.",
            ),
            ("ALTER TABLE cases_finding DISABLE TRIGGER ALL", "The foreign keys of cases_finding are not checked."),
        ],
    )
    def test_one_is_off_gone_or_replaced(self, superuser: Break, done: str, sentence: str) -> None:
        superuser(done)
        told = Told(guards.look)
        assert sentence in told.failing
        assert "run manage.py ledger verify" in told.advice(sentence)


class TestTables:
    def test_all_is_well(self, place: str) -> None:
        assert list(Told(postgresql.migrated)) == [("ok", "Every migration is applied.", "")]

    def test_some_are_not_of_this_code(self, superuser: Break) -> None:
        superuser("DELETE FROM django_migrations WHERE app = 'cases' AND name LIKE '0001%'")
        superuser("DROP TABLE django_cache")
        told = Told(postgresql.migrated)
        assert told.failing[0] == "1 migrations are not applied: cases.0001_initial."
        assert told.failing[1].startswith("The table django_cache is missing")
        assert told.advice(told.failing[0]) == "Run manage.py migrate."
