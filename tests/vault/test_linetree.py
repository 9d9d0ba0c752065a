"""The salted line tree: any lines can be shown and proven, nothing of the others can be told, and no byte changed."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from tipstaff.ledger import merkle
from tipstaff.vault import linetree

SALT = bytes(range(32))
CHECK = ROOT / "bin" / "verify-redacted"
texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=20).map(str.encode), min_size=1, max_size=40)


def check(document: dict[str, Any], size: int, root: str, folder: Path) -> tuple[int, str]:
    """What the stand-alone program says."""
    path = folder / "redacted.json"
    path.write_text(json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-I", CHECK, path, str(size), root], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def lines(count: int) -> list[bytes]:
    return [json.dumps({"turn": n + 1, "who": "user", "text": f"Secret {n}."}).encode() for n in range(count)]


class TestTree:
    """RFC 6962, 2.1.3: the vectors of the certificate transparency project."""

    ENTRIES = [bytes.fromhex(entry) for entry in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"
    )]  # fmt: skip
    ROOTS = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }

    @pytest.mark.parametrize("size", ROOTS)
    def test_roots(self, size: int) -> None:
        assert merkle.root([merkle.leaf_hash(entry) for entry in self.ENTRIES[:size]]).hex() == self.ROOTS[size]

    def test_the_empty_tree(self) -> None:
        assert merkle.root([]).hex() == hashlib.sha256(b"").hexdigest()

    def test_every_path_leads_to_the_root_and_to_no_other_place(self) -> None:
        for size in range(1, 70):
            leaves = [merkle.leaf_hash(bytes([n])) for n in range(size)]
            rows = merkle.levels(leaves)
            for index in range(size):
                path = merkle.path(rows, index)
                assert merkle.root_of(leaves[index], index, size, path) == rows[-1][0]
                assert merkle.root_of(leaves[index], index + 1, size, path) != rows[-1][0]
                assert merkle.root_of(leaves[index], index, size, [*path, leaves[0]]) is None
                assert not path or merkle.root_of(leaves[index], index, size, path[:-1]) is None


class TestDisclosure:
    @given(texts, st.data())
    def test_any_subset_verifies_and_tells_nothing_of_the_others(self, given: list[bytes], data: Any) -> None:
        marked = [b"%d:" % index + line for index, line in enumerate(given)]
        shown = data.draw(st.sets(st.sampled_from(range(len(marked)))))
        document = linetree.disclosure(SALT, marked, shown)
        whole = json.dumps(document)
        root = linetree.root(SALT, marked)
        assert document["root"] == root.hex()
        assert [line["index"] for line in document["lines"]] == sorted(shown)
        for line in document["lines"]:
            leaf = merkle.leaf_hash(bytes.fromhex(line["salt"]) + line["line"].encode())
            path = [bytes.fromhex(beside) for beside in line["path"]]
            assert merkle.root_of(leaf, line["index"], document["size"], path) == root
        salts = linetree.line_salts(SALT, len(marked))
        for index in set(range(len(marked))) - shown:
            assert f'"{marked[index].decode()}' not in whole
            assert salts[index].hex() not in whole
            assert hashlib.sha256(marked[index]).hexdigest() not in whole
            assert merkle.leaf_hash(marked[index]).hex() not in whole
        assert SALT.hex() not in whole

    @given(texts, st.data())
    def test_any_changed_byte_fails(self, given: list[bytes], data: Any) -> None:
        root = linetree.root(SALT, given)
        line = data.draw(st.sampled_from(linetree.disclosure(SALT, given, range(len(given)))["lines"]))
        entry = bytearray(bytes.fromhex(line["salt"]) + line["line"].encode())
        place = data.draw(st.integers(0, len(entry) - 1))
        entry[place] ^= data.draw(st.integers(1, 255))
        path = [bytes.fromhex(beside) for beside in line["path"]]
        assert merkle.root_of(merkle.leaf_hash(bytes(entry)), line["index"], len(given), path) != root

    def test_salts_belong_to_one_file_and_one_line(self) -> None:
        assert len({*linetree.line_salts(SALT, 500), *linetree.line_salts(linetree.new_salt(), 500)}) == 1000


class TestOutside:
    """What others compute: the stand-alone program, and OpenSSL for salts, leaves and nodes."""

    @pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 13, 33])
    def test_the_program_accepts_what_is_true(self, size: int, tmp_path: Path) -> None:
        root = linetree.root(SALT, lines(size)).hex()
        for shown in ({0}, {size - 1}, set(range(0, size, 2)), set(range(size)), set[int]()):
            status, said = check(linetree.disclosure(SALT, lines(size), shown), size, root, tmp_path)
            assert status == 0, said
            assert f"{len(shown)} of {size} lines" in said
            assert all((f"Secret {n}." in said) == (n in shown) for n in range(size))

    def test_the_program_refuses_what_is_not(self, tmp_path: Path) -> None:
        given = lines(13)
        root = linetree.root(SALT, given).hex()
        for change in (
            {"line": given[4].decode().replace("Secret", "Sekret")},
            {"index": 5},
            {"salt": "00" * 16},
            {"path": []},
        ):
            document = linetree.disclosure(SALT, given, {4})
            document["lines"][0] |= change
            assert check(document, 13, root, tmp_path)[0] == 30
        document = linetree.disclosure(SALT, given, {4})
        assert check(document, 13, "00" * 32, tmp_path)[0] == 30
        assert check(document, 4, root, tmp_path)[0] == 30
        assert check(document | {"lines": document["lines"] * 2}, 13, root, tmp_path)[0] == 30

    def test_what_the_writer_of_a_line_put_there_for_a_terminal_is_written_out(self, tmp_path: Path) -> None:
        given = [json.dumps({"turn": 1, "who": "a\x1b[2K", "text": "b\x1b[1A\u202ec\n9\tturn 9"}).encode()]
        status, said = check(linetree.disclosure(SALT, given, {0}), 1, linetree.root(SALT, given).hex(), tmp_path)
        assert status == 0
        assert said.splitlines()[0] == "0\tturn 1\ta<U+001B>[2K\tb<U+001B>[1A<U+202E>c<U+000A>9<U+0009>turn 9"

    def test_a_letter_is_not_moved_between_salt_and_line(self, tmp_path: Path) -> None:
        given = [b"  " + lines(1)[0]]
        document = linetree.disclosure(SALT, given, {0})
        (line,) = document["lines"]
        line |= {"salt": line["salt"] + given[0][:2].hex(), "line": line["line"][2:]}
        assert check(document, 1, linetree.root(SALT, given).hex(), tmp_path)[0] == 30

    @pytest.mark.parametrize(
        "change", [{"index": True}, {"index": "0"}, {"index": 0.0}, {"path": None}, {"salt": "zz"}, {"line": None}]
    )
    def test_what_is_no_line_at_all_stood_nowhere(self, change: dict[str, Any], tmp_path: Path) -> None:
        document = linetree.disclosure(SALT, lines(2), {0})
        document["lines"][0] |= change
        assert check(document, 2, linetree.root(SALT, lines(2)).hex(), tmp_path)[0] == 30

    def test_openssl_comes_to_the_same_root(self) -> None:
        def openssl(*command: str, given: bytes = b"") -> bytes:
            return subprocess.run(["openssl", *command], input=given, capture_output=True, check=True).stdout

        def sha256(given: bytes) -> bytes:
            return openssl("dgst", "-sha256", "-binary", given=given)

        given = lines(5)
        leaves = []
        for index, line in enumerate(given):
            options = ["digest:SHA256", f"hexkey:{SALT.hex()}", f"info:{index}"]
            salt = openssl("kdf", "-keylen", "16", "-binary", *(w for o in options for w in ("-kdfopt", o)), "HKDF")
            leaves.append(sha256(b"\0" + salt + line))
        pairs = [sha256(b"\1" + leaves[0] + leaves[1]), sha256(b"\1" + leaves[2] + leaves[3])]
        assert sha256(b"\1" + sha256(b"\1" + pairs[0] + pairs[1]) + leaves[4]) == linetree.root(SALT, given)
