"""The calibration as the node's store holds it: values of each channel, steps done, widths of the converter's codes.

`channels` is what Wiring.calibrate takes, `stages` the last step done of each channel, `points` the powers of the
gain and phase steps (W, W, var) of currents whose offset is not known yet.
The file is one JSON object, {"crc":"<8 hex digits>","calibration":{...}}; the CRC-32 is of the inner object's bytes.
"""

import json
from binascii import crc32

from islet.measure.calibrate import OFFSET
from islet.measure.linearise import check_widths, plain_table, wide_code_table

NAME = "calibration.json"
UNDO_NAME = "calibration_old.json"  # what NAME was before the last step
VERSION = 1
MAX_BYTES = 4096
MAX_CHANNELS = 18
MAX_WORDS = 120  # letters of the reference's description
_HEAD = '{"crc":"%08x","calibration":'
_HEAD_BYTES = 32
_KEYS = ("version", "date", "reference", "channels", "stages", "points", "adc_codes", "adc_widths")


def empty() -> dict:
    """Return a calibration that changes nothing."""
    found: dict = {"version": VERSION, "date": "", "reference": "", "channels": {}, "stages": {}}
    found["points"], found["adc_codes"], found["adc_widths"] = {}, [], []
    return found


def dump(calibration: dict) -> bytes:
    """Return the file's bytes; raises ValueError on wrong content."""
    _check(calibration)
    body = json.dumps(calibration)
    data = (_HEAD % (crc32(body.encode()) & 0xFFFFFFFF) + body + "}").encode()
    if len(data) > MAX_BYTES:
        raise ValueError("calibration: %d bytes, at most %d" % (len(data), MAX_BYTES))
    return data


def load(data: bytes) -> dict:
    """Return the calibration held in the file's bytes; raises ValueError that says what is wrong with them."""
    if len(data) > MAX_BYTES:
        raise ValueError("calibration: %d bytes, at most %d" % (len(data), MAX_BYTES))
    body = data[_HEAD_BYTES:-1]
    try:
        head = (_HEAD % (crc32(body) & 0xFFFFFFFF)).encode()
        found = json.loads(body) if data == head + body + b"}" else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("calibration: the file is damaged (its CRC does not fit)")
    _check(found)
    return found


def table(calibration: dict, codes=(), widths=()):
    """Return the table of the converter: by its measured widths, else by the given ones, else of an even one."""
    if calibration["adc_widths"]:
        codes, widths = calibration["adc_codes"], calibration["adc_widths"]
    return wide_code_table(widths, codes) if widths else plain_table()


def _check(found: dict) -> None:
    wrong = ["%s is missing" % key for key in _KEYS if key not in found]
    wrong += ["%s is unknown" % key for key in found if key not in _KEYS]
    if not wrong and found["version"] != VERSION:
        wrong.append("version is %r, must be %d" % (found["version"], VERSION))
    if not wrong:
        wrong += _wrong_words(found) + _wrong_channels(found) + _wrong_widths(found)
    if wrong:
        raise ValueError("calibration: " + "; ".join(wrong))


def _wrong_words(found: dict) -> list:
    words = "%s must be text of at most %d letters"
    pairs = (("date", 32), ("reference", MAX_WORDS))
    return [words % (k, n) for k, n in pairs if not isinstance(found[k], str) or len(found[k]) > n]


def _wrong_channels(found: dict) -> list:
    """Return what is wrong beside the values themselves, which Wiring.calibrate checks."""
    for key in ("channels", "stages", "points"):
        if not isinstance(found[key], dict) or len(found[key]) > MAX_CHANNELS:
            return ["%s must be an object of at most %d" % (key, MAX_CHANNELS)]
    channels, stages = found["channels"], found["stages"]
    wrong = ["channels.%s must be an object" % k for k in channels if not isinstance(channels[k], dict)]
    known = [0, 1, 2, OFFSET]
    points = found["points"]
    wrong += ["points.%s must be 3 numbers" % k for k in points if not _are_numbers(points[k], 3)]
    return wrong + [
        "stages.%s is %r, must be 0 to 3" % (k, stages[k]) for k in stages if stages[k] not in known
    ]


def _are_numbers(values, count: int) -> bool:
    listed = isinstance(values, list) and len(values) == count
    return listed and all(type(x) in (int, float) for x in values)


def _wrong_widths(found: dict) -> list:
    if found["adc_codes"] == [] and found["adc_widths"] == []:
        return []
    try:
        check_widths(found["adc_widths"], found["adc_codes"])
    except ValueError as error:
        return ["adc_widths: " + str(error)]
    return []
