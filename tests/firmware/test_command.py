"""The gate for commands: each answer has its case, and no number passes twice."""

import json

from ram_store import RamStore

from islet import names
from islet.sync.command import MAX_VALIDITY_S, SKEW_S, Gate, Inbox, Refused
from islet.sync.jws import b64url, hmac_sha256

KEY = bytes(range(32))
NOW = 1_700_000_000


def _raw(**changes) -> dict:
    raw = {
        "dev": "b01",
        "kind": "envelope",
        "val": {"import_w": 5000, "export_w": 0.5},
        "nbf": NOW,
        "exp": NOW + 900,
        "seq": 7,
        "src": "aggregator",
        "why": "transformer",
    }
    raw.update(changes)
    return raw


def _token(raw) -> bytes:
    text = b64url(b'{"alg":"HS256","kid":"b01"}') + b"." + b64url(json.dumps(raw).encode())
    return text + b"." + b64url(hmac_sha256(KEY, text))


def _answer_to(gate: Gate, token: bytes, epoch_s: int) -> str:
    try:
        gate.accept(token, epoch_s)
    except Refused as refusal:
        return refusal.answer
    return names.A_ACCEPTED


def _answer(gate: Gate, raw, epoch_s: int = NOW) -> str:
    answer = _answer_to(gate, _token(raw), epoch_s)
    assert answer in names.ANSWERS
    return answer


def _fresh() -> Gate:
    return Gate(KEY, "b01", RamStore())


def test_accepts_and_hands_over_every_field():
    command = _fresh().accept(_token(_raw()), NOW + 1)
    assert command.kind == "envelope"
    assert command.value == {"import_w": 5000, "export_w": 0.5}
    assert (command.not_before_s, command.expires_s, command.seq) == (NOW, NOW + 900, 7)
    assert (command.source, command.reason) == ("aggregator", "transformer")


def test_answers_to_what_is_not_for_here_or_now():
    gate = _fresh()
    assert _answer(gate, _raw(dev="b02")) == names.A_WRONG_DEVICE
    assert _answer(gate, _raw(), 0) == names.A_NO_CLOCK
    assert _answer(gate, _raw(), NOW - SKEW_S - 1) == names.A_EARLY
    assert _answer(gate, _raw(), NOW + 900) == names.A_EXPIRED
    assert _answer(gate, _raw(kind="open")) == names.A_UNKNOWN_KIND
    assert _answer(gate, _raw()) == names.A_ACCEPTED  # no refusal used the number up


def test_bounds_the_validity():
    gate = _fresh()
    assert _answer(gate, _raw(exp=NOW + MAX_VALIDITY_S + 1)) == names.A_OUT_OF_RANGE
    assert _answer(gate, _raw(exp=NOW)) == names.A_OUT_OF_RANGE
    assert _answer(gate, _raw(exp=NOW + MAX_VALIDITY_S)) == names.A_ACCEPTED


def test_refuses_values_that_are_no_power():
    for bad in (-1, 1e7, "5000", None, True, [], {}):
        assert _answer(_fresh(), _raw(val={"import_w": bad, "export_w": 0})) == names.A_OUT_OF_RANGE
    for value in ({}, {"import_w": 1}, {"import_w": 1, "export_w": 1, "more_w": 1}):
        assert _answer(_fresh(), _raw(val=value)) == names.A_OUT_OF_RANGE


def _for_box(**changes) -> dict:
    value = {"name": "box", "do": "current_a", "to": 10}
    value.update(changes)
    return _raw(kind="device", val=value)


def test_a_command_to_a_device_is_for_one_that_takes_it():
    asked = []

    def can(name, do):
        asked.append((name, do))
        return name == "box"

    gate = Gate(KEY, "b01", RamStore(), can)
    assert _answer(gate, _for_box(name="other")) == names.A_NO_DEVICE
    for bad in (None, "10", True, 1e7, -1e7, []):
        assert _answer(gate, _for_box(to=bad)) == names.A_OUT_OF_RANGE
    assert _answer(gate, _for_box(name=7)) == names.A_OUT_OF_RANGE
    assert _answer(gate, _for_box(do="d" * 33)) == names.A_OUT_OF_RANGE
    assert _answer(gate, _raw(kind="device", val={"name": "box", "do": "current_a"})) == names.A_OUT_OF_RANGE
    assert _answer(gate, _for_box(to=-7000)) == names.A_ACCEPTED  # a car may give back
    assert asked == [("other", "current_a"), ("box", "current_a")]
    assert _answer(_fresh(), _for_box()) == names.A_NO_DEVICE  # a node without devices


def test_an_accepted_command_to_a_device_is_ordered_for_its_time():
    answers, orders = [], []
    gate = Gate(KEY, "b01", RamStore(), lambda name, do: True)
    inbox = Inbox(
        gate, lambda seq, answer: answers.append((seq, answer)), lambda *order: orders.append(order)
    )
    inbox.take(_token(_for_box()), 5000, NOW + 300)
    assert answers == [(7, names.A_ACCEPTED)]
    assert orders == [("box", "current_a", 10, 5000, 600_000)]  # 900 s less the 300 that have passed
    assert inbox.leases == {}


def test_an_order_that_could_not_be_remembered_is_answered():
    answers = []

    def full(*_order):
        raise OSError(28)

    gate = Gate(KEY, "b01", RamStore(), lambda name, do: True)
    inbox = Inbox(gate, lambda seq, answer: answers.append((seq, answer)), full)
    inbox.take(_token(_for_box()), 5000, NOW)
    assert answers == [(7, names.A_NO_STORE)]
    assert inbox.refused == 1


def _island(**changes) -> dict:
    value = {"do": "outage", "begin_s": NOW + 600, "end_s": NOW + 4200}
    value.update(changes)
    return _raw(kind="island", val=value)


def test_a_command_about_the_island_is_checked():
    for bad in ({"do": "close"}, {"do": 1}, {"begin_s": -1}, {"begin_s": 1.5}, {"end_s": "7"}, {"more": 1}):
        assert _answer(_fresh(), _island(**bad)) == names.A_OUT_OF_RANGE
    assert _answer(_fresh(), _raw(kind="island", val={"do": "stop"})) == names.A_OUT_OF_RANGE
    for do in ("outage", "start", "practice", "stop"):
        assert _answer(_fresh(), _island(do=do)) == names.A_ACCEPTED


def test_the_building_answers_a_command_about_the_island():
    answers, asked = [], []

    def island(do, begin_s, end_s, epoch_s):
        asked.append((do, begin_s, end_s, epoch_s))
        return names.A_NOT_NOW if do == "practice" else names.A_ACCEPTED

    inbox = Inbox(_fresh(), lambda seq, answer: answers.append((seq, answer)), None, island)
    inbox.take(_token(_island()), 5000, NOW)
    practice = _island(do="practice", begin_s=0, end_s=0)
    practice["seq"] = 8
    inbox.take(_token(practice), 5000, NOW)
    assert answers == [(7, names.A_ACCEPTED), (8, names.A_NOT_NOW)]
    assert asked == [("outage", NOW + 600, NOW + 4200, NOW), ("practice", 0, 0, NOW)]
    assert inbox.refused == 1
    assert inbox.leases == {}


def test_refuses_infinity_written_as_a_number():
    text = json.dumps(_raw()).replace("5000", "1e999")
    body = b64url(b'{"alg":"HS256","kid":"b01"}') + b"." + b64url(text.encode())
    answer = _answer_to(_fresh(), body + b"." + b64url(hmac_sha256(KEY, body)), NOW)
    assert answer in (names.A_OUT_OF_RANGE, names.A_MALFORMED)


def test_refuses_shapes():
    short = _raw()
    del short["why"]
    shapes = [short, _raw(more=1), [], 5, "x", None]
    shapes += [_raw(seq=bad) for bad in (1.5, -1, True, "7", None, 1 << 60)]
    shapes += [_raw(nbf=bad) for bad in (1.5, -1, True, "7")]
    shapes += [_raw(src="s" * 33), _raw(why=3), _raw(val=[1, 2]), _raw(dev=None), _raw(kind=[])]
    for shape in shapes:
        assert _answer(_fresh(), shape) == names.A_MALFORMED


def test_refuses_bytes_that_are_no_json():
    text = b64url(b'{"alg":"HS256","kid":"b01"}') + b"." + b64url(b"{")
    answer = _answer_to(_fresh(), text + b"." + b64url(hmac_sha256(KEY, text)), NOW)
    assert answer == names.A_MALFORMED


def test_no_number_passes_twice_not_even_after_a_restart():
    store = RamStore()
    assert _answer(Gate(KEY, "b01", store), _raw(seq=7)) == names.A_ACCEPTED
    restarted = Gate(KEY, "b01", store)
    assert restarted.last_seq == 7
    assert _answer(restarted, _raw(seq=7)) == names.A_REPLAYED
    assert _answer(restarted, _raw(seq=6)) == names.A_REPLAYED
    assert _answer(restarted, _raw(seq=8)) == names.A_ACCEPTED


def test_nothing_takes_effect_that_could_not_be_remembered():
    store = RamStore()
    gate = Gate(KEY, "b01", store)
    store.full = True
    assert _answer(gate, _raw(seq=7)) == names.A_NO_STORE
    store.full = False
    assert _answer(gate, _raw(seq=7)) == names.A_ACCEPTED


def test_a_clock_behind_signed_time_is_no_clock():
    store = RamStore()
    assert _answer(Gate(KEY, "b01", store), _raw(seq=7)) == names.A_ACCEPTED
    restarted = Gate(KEY, "b01", store)
    assert _answer(restarted, _raw(seq=8, nbf=NOW - 86_000, exp=NOW), NOW - 3600) == names.A_NO_CLOCK


def test_a_damaged_memory_counts_as_none():
    for data in (b"", b"\x00" * 20, b"\xff" * 19, b"\xff" * 20):
        store = RamStore()
        store.files["command"] = data
        gate = Gate(KEY, "b01", store)
        assert gate.last_seq == 0
        assert _answer(gate, _raw()) == names.A_ACCEPTED


def test_inbox_keeps_leases_in_ticks_and_answers_everything():
    answers: list = []
    inbox = Inbox(_fresh(), lambda seq, answer: answers.append((seq, answer)))
    inbox.take(_token(_raw()), (1 << 30) - 1000, NOW + 100)
    inbox.take(_token(_raw()), 0, NOW + 100)
    inbox.take(b"noise", 0, NOW + 100)
    assert answers == [(7, names.A_ACCEPTED), (7, names.A_REPLAYED), (0, names.A_MALFORMED)]
    assert inbox.refused == 2
    lease = inbox.leases["envelope"]
    assert (lease.source, lease.reason) == ("aggregator", "transformer")
    assert lease.live(800_000 - 1001)  # 900 s of validity, 100 of them gone
    assert not lease.live(800_000 - 1000)
