"""Transcripts become turns and lines: every common export, and whatever else somebody sends."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tipstaff.vault.reading import turns as module
from tipstaff.vault.reading.child import decode
from tipstaff.vault.reading.formats import parse
from tipstaff.vault.reading.problems import Unreadable
from tipstaff.vault.reading.turns import Turn, clean, decoded, limited, lines_of, pieces


def read(text: str) -> tuple[str, list[tuple[str, str]]]:
    parser, turns, _why = parse(text)
    return parser, [(turn.who, turn.text) for turn in turns]


class TestFormats:
    def test_json_lines(self) -> None:
        text = (
            '{"at":"2026-11-03T10:02:11Z","role":"user","text":"مرحبا"}\n\n{"role":"model","content":"Hi."}\nbroken\n'
        )
        parser, turns, why = parse(text)
        assert (parser, why) == ("json_lines", "")
        assert [(turn.who, turn.at, turn.text) for turn in turns] == [
            ("user", "2026-11-03T10:02:11Z", "مرحبا"),
            ("model", "", "Hi."),
            ("", "", "broken"),
        ]

    def test_an_export_with_a_tree_of_messages_follows_the_branch_that_was_open(self) -> None:
        def node(parent: Any, role: str, text: str, at: float = 1793700131.0) -> dict[str, Any]:
            content = {"content_type": "text", "parts": [text]}
            return {"parent": parent, "message": {"author": {"role": role}, "create_time": at, "content": content}}

        mapping = {
            "a": {"parent": None, "message": None},
            "b": node("a", "user", "First"),
            "old": node("b", "assistant", "Withdrawn"),
            "new": node("b", "assistant", "Second"),
        }
        document = [{"title": "The night", "current_node": "new", "mapping": mapping}]
        parser, turns, _why = parse(json.dumps(document))
        assert (parser, [(t.who, t.text) for t in turns]) == (
            "document",
            [("", "The night"), ("user", "First"), ("assistant", "Second")],
        )
        assert list(turns)[1].at == "2026-11-03T10:02:11Z"

    def test_a_tree_that_goes_in_circles_ends(self) -> None:
        message = {"author": {"role": "user"}, "content": {"parts": ["Again"]}}
        mapping = {"a": {"parent": "b", "message": message}, "b": {"parent": "a", "message": message}}
        assert read(json.dumps({"current_node": "a", "mapping": mapping}))[1] == [("user", "Again")] * 2

    def test_an_export_with_chat_messages_blocks_and_attachments(self) -> None:
        messages = [
            {"sender": "human", "text": "Look", "attachments": [{"file_name": "a.pdf"}], "created_at": "2026-11-03"},
            {"sender": "assistant", "content": [
                {"type": "text", "text": "I look."}, {"type": "tool_use", "name": "search", "input": {"q": "a"}},
                {"type": "tool_result", "content": [{"type": "text", "text": "found"}]}]},
        ]  # fmt: skip
        _parser, turns, _why = parse(json.dumps([{"name": "Talk", "chat_messages": messages}]))
        assert [turn.parts for turn in turns] == [
            (("title", "Talk"),),
            (("text", "Look"), ("file", "a.pdf")),
            (("text", "I look."), ("tool", 'search({"q": "a"})'), ("tool", "found")),
        ]

    def test_an_array_of_messages_with_calls_of_tools(self) -> None:
        call = {"function": {"name": "transfer", "arguments": '{"to": "x"}'}}
        messages = [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "done"},
            {"role": "user", "content": [{"type": "image_url"}]},
        ]
        for document in ({"messages": messages}, messages):
            _parser, turns, _why = parse(json.dumps(document))
            assert [turn.parts for turn in turns] == [
                (("tool", 'transfer({"to": "x"})'),),
                (("tool", "done"),),
                (("file", "image_url"),),
            ]

    @pytest.mark.parametrize(
        "text",
        [
            "10:02:11 user: One.\n10:02:14 model: Two.\nNote: still two.\n",
            "[2026-11-03 10:02] user: One.\n[2026-11-03 10:03] model: Two.\nNote: still two.\n",
            "3/11/26, 10:02 - user: One.\n3/11/26, 10:03 - model: Two.\nNote: still two.\n",
            "user: One.\nmodel: Two.\nNote: still two.\n",
            "user:\nOne.\nmodel: Two.\nNote: still two.\n",
        ],
    )
    def test_names_at_the_beginning_of_lines(self, text: str) -> None:
        parser, turns = read(text)
        assert parser == "spoken"
        assert [(who, said.strip()) for who, said in turns] == [("user", "One."), ("model", "Two.\nNote: still two.")]

    def test_names_that_come_again(self) -> None:
        assert [who for who, _text in read("Ada: Hi\nBob: Ho\nAda: Yes\nBob: No\n")[1]] == ["Ada", "Bob"] * 2
        assert read("Dear all: this is a letter.\nRegards: none\n")[0] == "lines"

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("hour,requests\n10,4\n", "plain_text"),
            ("<svg onload=alert(1)>", "plain_text"),
            ('{"version": 3, "hosts": []}', "unknown_json"),
            ("[" * 100_000, "too_deep"),
            ('{"a":' * 50_000, "too_deep"),
            ("9" * 10_000, "plain_text"),
        ],
    )
    def test_what_is_no_conversation_is_shown_line_by_line_with_why(self, text: str, why: str) -> None:
        parser, turns, said = parse(text)
        assert (parser, said) == ("lines", why)
        assert "".join(turn.text for turn in turns) == text


class TestHostile:
    def test_ten_megabytes_on_one_line(self) -> None:
        for text in ("a" * 10_000_000, "a: " * 3_300_000, '{"role":"user","text":"' + "a b. " * 2_000_000 + '"}'):
            lines, _turns, cut = limited(parse(text)[1])
            assert cut
            assert len(lines) == module.LINES_LIMIT
            assert max(len(line.text) for line in lines) <= module.LINE_CHARACTERS

    def test_a_hundred_thousand_turns(self) -> None:
        lines, turns, cut = limited(parse('{"role":"user","text":"hi"}\n' * 100_000)[1])
        assert (len(lines), turns, cut) == (module.TURNS_LIMIT, module.TURNS_LIMIT, True)

    def test_deep_content_is_no_reason_to_give_up_the_rest(self) -> None:
        deep: Any = "bottom"
        for _level in range(300):
            deep = [deep]
        _parser, turns, _why = parse(json.dumps([{"role": "user", "content": deep}, {"role": "user", "content": "ok"}]))
        assert [turn.text for turn in turns][1] == "ok"

    def test_lone_surrogates_and_control_characters(self) -> None:
        _parser, turns, _why = parse('{"role":"us\\u0000er","text":"a\\ud800\\u202eb\\u0007"}')
        (turn,) = turns
        assert (turn.who, turn.text) == ("us er", "a\ufffd\u202eb\x07")
        assert decoded(next(lines_of([turn])).encoded()).text == turn.text

    @pytest.mark.parametrize("given", [b"%PDF-1.4 text", b"PK\x03\x04abc", bytes(range(256)), b"\0" * 40])
    def test_what_is_no_text_is_refused(self, given: bytes) -> None:
        with pytest.raises(Unreadable):
            decode(given)

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ("é".encode()[:1] + b"", ""),
            ("\ufeffhé".encode(), "hé"),
            ("hé".encode("utf-16"), "hé"),
            (b"caf\xe9 ol\xe9", "café olé"),
            (b"", ""),
        ],
    )
    def test_encodings(self, given: bytes, text: str) -> None:
        assert decode(given)[0] == text


words = st.text(st.characters(codec="utf-8"), max_size=60)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["role", "content", "mapping", "messages", "author", "parts", "tool_calls", "text", "type",
                         "chat_messages", "current_node", "parent", "message", "attachments", "create_time"]),
        inner | st.sampled_from(["a", "tool_use", "text", 1e300]), max_size=4),
    max_leaves=20,
)  # fmt: skip


class TestProperties:
    @given(st.text() | anything.map(json.dumps) | st.lists(anything.map(json.dumps)).map("\n".join))
    @example('{"role":{},"content":{"":[null]}}')
    def test_nothing_raises_and_everything_can_be_sealed(self, text: str) -> None:
        parser, turns, why = parse(text)
        lines, count, cut = limited(turns)
        assert (parser == "lines") == bool(why)
        assert [decoded(line.encoded()) for line in lines] == lines
        assert [line.turn for line in lines] == sorted(line.turn for line in lines)
        assert not cut
        assert count == (lines[-1].turn if lines else 0)

    @given(st.binary())
    def test_no_bytes_raise_but_as_what_they_are(self, given: bytes) -> None:
        with contextlib.suppress(Unreadable):
            parse(decode(given)[0])

    @given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), words), min_size=1))
    def test_messages_come_back_as_they_were_and_in_their_order(self, said: list[tuple[str, str]]) -> None:
        messages = [{"role": who, "content": text} for who, text in said]
        wanted = [(who, clean(text)) for who, text in said]
        for document in (messages, {"messages": messages}, {"chat_messages": messages, "name": ""}):
            assert read(json.dumps(document))[1] == wanted
        _parser, turns = read("\n".join(json.dumps(message) for message in messages))
        assert turns == wanted

    @given(st.text(st.characters(codec="utf-8"), max_size=3000))
    def test_pieces_put_together_are_the_text(self, text: str) -> None:
        cut = list(pieces(text))
        assert "".join(cut) == text
        assert all(0 < len(piece) <= module.LINE_CHARACTERS for piece in cut)

    @given(st.lists(words))
    def test_lines_keep_every_turn(self, said: list[str]) -> None:
        turns = [Turn("user", "", (("text", text),)) for text in said]
        found: dict[int, str] = {}
        for line in lines_of(turns):
            found[line.turn] = found.get(line.turn, "") + line.text
        assert list(found.values()) == said
