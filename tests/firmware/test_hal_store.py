"""The store on a real directory: whole replacement, appends, and what a cut save leaves behind."""

import errno
import os

from hal.store import Store

ROOT = "build/test_hal_store"


def _clean() -> Store:
    for parent in ("build", ROOT):
        try:
            os.mkdir(parent)
        except OSError:
            continue
    for name in os.listdir(ROOT):
        os.remove(ROOT + "/" + name)
    return Store(ROOT)


def _error(work, *arguments) -> int:
    try:
        work(*arguments)
    except OSError as error:
        return error.args[0]
    raise AssertionError("no error")


def test_saves_loads_appends_and_lists():
    store = _clean()
    store.save("a", b"one")
    store.save("a", b"two!")
    store.append("b", b"x")
    store.append("b", b"yz")
    assert store.load("a") == b"two!"
    assert store.load("b") == b"xyz"
    assert store.read_at("b", 1, 10) == b"yz"
    assert store.read_at("b", 9, 10) == b""
    assert store.size("b") == 3
    assert sorted(store.names()) == ["a", "b"]
    store.remove("a")
    assert store.names() == ["b"]


def test_overwrites_in_place():
    store = _clean()
    store.overwrite("a", b"one and more")
    store.overwrite("a", b"two")
    assert store.load("a") == b"two"
    assert os.listdir(ROOT) == ["a"]


def test_a_missing_name_is_enoent():
    store = _clean()
    for work in (store.load, store.size, store.remove):
        assert _error(work, "none") == errno.ENOENT
    assert _error(store.read_at, "none", 0, 1) == errno.ENOENT


def test_names_stay_in_their_directory():
    store = _clean()
    for name in ("", "../x", "a/b", ".x", "x.new"):
        assert _error(store.save, name, b"") == errno.EINVAL
        assert _error(store.overwrite, name, b"") == errno.EINVAL


def test_a_save_that_was_cut_short_leaves_the_old_content():
    store = _clean()
    store.save("a", b"old")
    with open(ROOT + "/a.new", "wb") as file:
        file.write(b"ne")
    again = Store(ROOT)
    assert again.load("a") == b"old"
    assert again.names() == ["a"]
    assert os.listdir(ROOT) == ["a"]


def test_sync_is_called_around_the_rename():
    _clean()
    seen: list = []
    store = Store(ROOT, lambda: seen.append(sorted(os.listdir(ROOT))))
    store.save("a", b"1")
    assert seen == [["a.new"], ["a"]]
    store.overwrite("b", b"1")
    assert seen[2:] == [["a", "b"]]
