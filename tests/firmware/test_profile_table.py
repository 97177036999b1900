"""A profile from outside is either whole or refused with all that is wrong with it."""

import json

from profile_world import row, table, write

from islet.drivers import profile_table

COMMAND = ["power_w", -5000, 5000, 0, 60, 0, 0, [[-5000, [write()]], [0, [write(), write(6, 101, fixed=1)]]]]


def good() -> dict:
    return table(
        [row(), row("soc_pu", 3, 10, "u16", div=100, missing=[65535]), row("state", codes=[[1, 2], [2, 4]])],
        [json.loads(json.dumps(COMMAND))],
        "battery",
    )


def refused(profile: object) -> str:
    text = profile if isinstance(profile, str) else json.dumps(profile)
    try:
        profile_table.load(text)
    except ValueError as error:
        return str(error)
    return ""


def changed(path: tuple, value: object) -> dict:
    profile = good()
    place = profile
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return profile


def test_a_whole_one_is_taken():
    profile = good()
    assert profile_table.load(json.dumps(profile)) == profile
    close = ["close", 0, 1, 0, 0, 0, 0, [[0, [write(5, 5, "bit")]]]]
    assert refused(table([row("closed", 1, 5, "bit")], [close], "switch")) == ""


HEAD = (
    (("v",), 2, "version"),
    (("unit",), 256, "unit"),
    (("unit",), True, "unit"),
    (("most",), 126, "most"),
    (("most",), 0, "most"),
    (("hole",), -1, "hole"),
    (("gap_ms",), 5001, "gap_ms"),
    (("role",), "boiler", "role"),
    (("role",), ["meter"], "role"),
    (("name",), "", "name"),
    (("name",), 7, "name"),
    (("read",), [], "read"),
    (("read",), {}, "read"),
    (("read",), [row()] * 49, "read"),
    (("do",), [COMMAND] * 3, "do"),
)
ROWS = (
    (("read", 1), "soc", "fields"),
    (("read", 1), row()[:14], "fields"),
    (("read", 1, 0), "var_w", "name"),
    (("read", 1, 1), 5, "function"),
    (("read", 1, 1), 3.0, "function"),
    (("read", 1, 1), 2, "type"),
    (("read", 1, 2), 65536, "address"),
    (("read", 1, 2), -1, "address"),
    (("read", 1, 3), "u8", "type"),
    (("read", 1, 3), None, "type"),
    (("read", 1, 4), 2, "type"),
    (("read", 1, 5), 2, "order"),
    (("read", 1, 6), 0, "mul"),
    (("read", 1, 6), 0.1, "mul"),
    (("read", 1, 7), 0, "div"),
    (("read", 1, 7), -1, "div"),
    (("read", 1, 8), 86401, "period_s"),
    (("read", 1, 9), 2, "optional"),
    (("read", 1, 10), [0] * 9, "missing"),
    (("read", 1, 10), ["x"], "missing"),
    (("read", 1, 11), [[0, 256]], "codes"),
    (("read", 1, 11), [[None, 1]], "codes"),
    (("read", 1, 11), [[0, 0]] * 33, "codes"),
    (("read", 1, 12), 16, "shift"),
    (("read", 1, 13), 65536, "mask"),
    (("read", 1, 14), 41, "tens"),
    (("read", 1, 14), 65536, "tens"),
    (("read", 1), row("soc_pu", 3, 65530, tens=10), "tens"),
    (("read", 1), row("soc_pu", 1, 0, "bit", tens=1), "tens"),
    (("read", 1), row("state", 3, 0, "string", 17, codes=[["a", 1]]), "type"),
    (("read", 1), row("state", 3, 0, "string", 4), "codes"),
)
COMMANDS = (
    (("do", 0), [], "fields"),
    (("do", 0, 0), "limit_w", "name"),
    (("do", 0, 1), 1, "least"),
    (("do", 0, 2), "5000", "most"),
    (("do", 0, 3), 6000, "safe"),
    (("do", 0, 4), 86401, "reverts_s"),
    (("do", 0, 5), -1, "renew_s"),
    (("do", 0, 6), 0.5, "gap_s"),
    (("do", 0, 7), [], "cases"),
    (("do", 0, 7), [[0, [write()]]] * 5, "cases"),
    (("do", 0, 7, 0), [0], "case"),
    (("do", 0, 7, 1, 0), -5000, "order"),
    (("do", 0, 7, 0, 1), [], "writes"),
    (("do", 0, 7, 0, 1), [write()] * 7, "writes"),
    (("do", 0, 7, 0, 1, 0), write()[:9], "fields"),
    (("do", 0, 7, 0, 1, 0, 0), 15, "function"),
    (("do", 0, 7, 0, 1, 0, 0), 16.0, "function"),
    (("do", 0, 7, 0, 1, 0, 0), 5, "function"),
    (("do", 0, 7, 0, 1, 0), write(6, 0, "u32"), "function"),
    (("do", 0, 7, 0, 1, 0, 2), "string", "place"),
    (("do", 0, 7, 0, 1, 0, 2), "f64", "place"),
    (("do", 0, 7, 0, 1, 0, 1), 65536, "place"),
    (("do", 0, 7, 0, 1, 0, 3), 2, "place"),
    (("do", 0, 7, 0, 1, 0, 4), 0, "mul"),
    (("do", 0, 7, 0, 1, 0, 6), 65536, "fixed"),
    (("do", 0, 7, 0, 1, 0, 7), 2, "read-back"),
    (("do", 0, 7, 0, 1, 0, 8), 2, "read-back"),
    (("do", 0, 7, 0, 1, 0, 9), 65536, "read-back"),
)


def test_every_wrong_field_is_found():
    for path, value, word in HEAD + ROWS + COMMANDS:
        message = refused(changed(path, value))
        assert word in message, (path, value, message)
        where = "%s %d" % path[:2] if len(path) > 1 else word
        assert where in message, (path, message)


def test_all_that_is_wrong_is_told_at_once():
    profile = changed(("read", 1, 7), 0)
    profile["read"][0][0] = "x"
    profile["do"][0][5] = None
    assert len(refused(profile).split("\n")) == 3


def test_what_is_no_profile():
    for text in (
        "",
        "{",
        "[]",
        "null",
        "7",
        '"v"',
        "{}",
        '{"v":1}',
        "[" * 8000,
        '{"v":1,"read":' + "[" * 3000,
    ):
        assert refused(text), text[:20]
    assert "bytes" in refused(json.dumps(good()) + " " * 8192)


def test_a_command_is_there_once():
    profile = good()
    profile["do"].append(profile["do"][0])
    assert "do 1" in refused(profile)


def test_no_change_of_a_byte_breaks_the_loader():
    """Every byte of a profile replaced by each of some letters: refused as wrong, or still a profile."""
    text = json.dumps(good())
    for at in range(len(text)):
        for letter in '0-"]x':
            try:
                profile_table.load(text[:at] + letter + text[at + 1 :])
            except ValueError:
                continue
