"""Commands made with PyJWT against the gate on the board, and the keys both share."""

from __future__ import annotations

import stat
from pathlib import Path

import jwt
import pytest
from sqlalchemy import select

from hal.store import Store as BoardStore
from host_tools.aggregator.commands import CommandDesk
from host_tools.aggregator.store import CommandRow, Store
from host_tools.provision.keys import create_key, ensure_key, load_key
from islet import names
from islet.sync.command import Gate, Refused
from islet.sync.jws import BadSignature, Malformed, verify

KEY = ("f1", "b01")
SECRET = bytes(range(32))
NOW = 1_700_000_000


def _desk(store: Store | None = None) -> CommandDesk:
    return CommandDesk(store or Store(), {KEY: SECRET})


def test_the_board_takes_what_the_desk_issues(tmp_path: Path) -> None:
    """Token by PyJWT, verified by the firmware."""
    seq, token = _desk().issue_envelope(KEY, 4000, 2500.5, NOW, 900, "transformer")
    gate = Gate(SECRET, "b01", BoardStore(str(tmp_path / "b01")))
    command = gate.accept(token.encode(), NOW + 10)
    assert command.value == {"import_w": 4000, "export_w": 2500.5}
    assert (command.seq, command.expires_s, command.reason) == (seq, NOW + 900, "transformer")
    restarted = Gate(SECRET, "b01", BoardStore(str(tmp_path / "b01")))
    with pytest.raises(Refused, match=names.A_REPLAYED):
        restarted.accept(token.encode(), NOW + 10)


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
def test_the_board_refuses_other_algorithms_of_pyjwt(alg: str) -> None:
    """The algorithm is pinned."""
    token = jwt.encode({"x": 1}, SECRET * 2, algorithm=alg, headers={"typ": None, "kid": "b01"})
    with pytest.raises((Malformed, BadSignature)):
        verify(token.encode(), SECRET * 2, "b01")


def test_the_board_refuses_an_unsigned_token_of_pyjwt() -> None:
    """alg none."""
    token = jwt.encode({"x": 1}, None, algorithm=None, headers={"typ": None, "kid": "b01"})
    with pytest.raises((Malformed, BadSignature)):
        verify(token.encode(), SECRET, "b01")


def test_pyjwt_reads_what_the_board_would_take() -> None:
    """Both agree on the signature, in both directions."""
    _, token = _desk().issue_envelope(KEY, 1, 2, NOW, 900, "x")
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "b01"}
    unchecked = {"verify_exp": False, "verify_nbf": False}
    assert jwt.decode(token, SECRET, algorithms=["HS256"], options=unchecked)["dev"] == "b01"
    assert verify(token.encode(), SECRET, "b01")


def test_numbers_grow_over_restarts_and_over_a_lost_store(tmp_path: Path) -> None:
    """Several a second, with a new process, and with an empty store."""
    store = Store(tmp_path / "islet.sqlite")
    first = _desk(store)
    seqs = [first.issue_envelope(KEY, 1, 2, NOW, 900, "x")[0] for _ in range(3)]
    assert seqs == [NOW, NOW + 1, NOW + 2]
    assert _desk(store).issue_envelope(KEY, 1, 2, NOW, 900, "x")[0] == NOW + 3
    assert _desk().issue_envelope(KEY, 1, 2, NOW + 60, 900, "x")[0] == NOW + 60
    assert len(store.all(select(CommandRow))) == 4
    assert store.last_command_seq("f1", "b02") == 0
    store.close()


def test_a_node_without_a_key_gets_no_command() -> None:
    """And nothing is stored for it."""
    store = Store()
    with pytest.raises(KeyError):
        _desk(store).issue_envelope(("f1", "b02"), 1, 2, NOW, 900, "x")
    assert store.all(select(CommandRow)) == []


def test_keys_are_random_private_and_never_replaced(tmp_path: Path) -> None:
    """32 bytes, mode 0600, in a directory 0700."""
    directory = tmp_path / "keys"
    secret = create_key(directory, KEY)
    assert len(secret) == 32
    path = directory / "f1.b01.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert load_key(directory, KEY) == ensure_key(directory, KEY) == secret
    assert ensure_key(directory, ("f1", "b02")) != secret
    with pytest.raises(FileExistsError):
        create_key(directory, KEY)


def test_keys_that_others_can_read_or_that_are_damaged_are_refused(tmp_path: Path) -> None:
    """With the path and what to do."""
    create_key(tmp_path, KEY)
    path = tmp_path / "f1.b01.key"
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        load_key(tmp_path, KEY)
    path.chmod(0o600)
    path.write_text("abcd\n")
    with pytest.raises(ValueError, match="2 bytes"):
        load_key(tmp_path, KEY)
    for bad in ("../x", "a/b", "", "a b"):
        with pytest.raises(ValueError, match="words"):
            create_key(tmp_path, ("f1", bad))
