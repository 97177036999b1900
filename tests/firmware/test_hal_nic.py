"""Interfaces to the network: what network.json must say, a fixed address, a cable that needs no joining."""

import errno

from hal.nic import Wired, fix_address, text


class Nic:
    """A wired interface as a port gives it: off at first, an address of its own once set."""

    def __init__(self):
        self.on = False
        self.address = None
        self.link = False

    def active(self, on=None):
        if on is not None:
            self.on = on
        return self.on

    def ifconfig(self, address):
        self.address = address

    def isconnected(self):
        return self.on and self.link


def error_of(work, *arguments):
    try:
        work(*arguments)
    except OSError as error:
        return error.args
    raise AssertionError("no error")


def test_a_missing_word_is_named_and_is_no_reason_to_stop():
    """OSError: the task of the network tells it and tries again, control goes on."""
    assert text({"ssid": "house"}, "ssid") == "house"
    for config in ({}, {"ssid": ""}, {"ssid": 7}):
        assert error_of(text, config, "ssid") == (errno.EINVAL, "network.json: ssid is missing")


def test_a_fixed_address():
    nic = Nic()
    fix_address(nic, {"kind": "lan"})
    assert nic.address is None
    fix_address(nic, {"static": ["10.0.0.2", "255.255.255.0", "10.0.0.1", "10.0.0.1"]})
    assert nic.address == ("10.0.0.2", "255.255.255.0", "10.0.0.1", "10.0.0.1")
    for wrong in ("10.0.0.2", ["10.0.0.2"], {}):
        assert error_of(fix_address, nic, {"static": wrong})[0] == errno.EINVAL


def test_a_cable_comes_and_goes_by_itself():
    nic = Nic()
    wired = Wired(nic, {"static": ["10.0.0.2", "255.255.255.0", "10.0.0.1", "10.0.0.1"]})
    assert not wired.isconnected()
    wired.connect()
    assert nic.on
    assert nic.address[0] == "10.0.0.2"
    nic.link = True
    assert wired.isconnected()
    nic.link, nic.address = False, None
    wired.connect()  # asked again after a break: nothing is set up anew
    assert nic.address is None
    nic.link = True
    assert wired.isconnected()
