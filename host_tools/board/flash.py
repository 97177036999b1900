"""Puts an image on a board: boot loader, copy, comparison, self-test; its files kept, moved or erased."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from host_tools.board import find, image, probe, put, verify
from host_tools.board.esptool import flash_esp32
from host_tools.board.line import Line, back
from host_tools.errors import InputError, RunError
from host_tools.provision.firmware.boardfile import Board

Say = Callable[[str], None]
KEEP, ERASE = "keep", "erase"
VOLUME_S = 60.0
WRITE_BYTES = 65_536
POLL_S = 0.1
COPIES = Path("build") / "boards"


@dataclass
class Job:
    """What is to be done; `files`: KEEP, ERASE or "" for leave them where they are."""

    board: Board
    path: Path
    port: str | None
    volume: Path | None
    files: str
    say: Say


def run(job: Job) -> list[probe.Verdict]:
    """Do it; return what the self-test found. InputError before anything is changed, RunError after."""
    if job.board.firmware.port == "esp32":
        return _run_esp32(job)
    new = image.read(job.path)
    if new.chip != job.board.firmware.chip:
        raise InputError(
            f"{job.path} is an image for {new.chip}, but {job.board.name} has {job.board.firmware.chip}."
        )
    job.say(f"image: {job.path}, {len(new.data)} bytes, sha256 {new.sha256[:12]}")
    waiting = find.volumes(job.volume)
    if waiting and (job.port is None or not os.path.exists(job.port)):
        return _run_volume(job, new, waiting)
    port = job.port or find.port("rp2")
    with Line(port) as line:
        kept, moved = _before(job, line, new)
        serial = line.usb_serial
        job.say("starting the boot loader")
        line.enter_boot_loader()
    copy(new.path, wait_for_volume(job.volume, new.chip, job.say), job.say)
    job.say("waiting for the board")
    return after(job, back(port, serial), new, kept, moved)


def _run_volume(job: Job, new: image.Image, waiting: list[find.Volume]) -> list[probe.Verdict]:
    """A board that is in its boot loader already: new, or without a working image."""
    if job.files == KEEP:
        raise InputError(
            "The board is in its boot loader, where its files cannot be read; unplug it, plug it without the button, "
            "and try again, or leave --keep-settings away: a file system that does not move stays as it is."
        )
    fitting = [one for one in waiting if one.chip == new.chip]
    if len(fitting) != 1:
        told = ", ".join(f"{one.path} ({one.chip})" for one in waiting)
        raise InputError(
            f"The image is for {new.chip}; boot loaders are at {told}. Connect one such board only."
        )
    before = {one.device for one in find.ports()}
    copy(new.path, fitting[0].path, job.say)
    return after(job, back(job.port or _new_port(before, job.say)), new, {}, False)


def _new_port(before: set[str], say: Say) -> str:
    say("waiting for the board's serial port")
    end_s = time.monotonic() + VOLUME_S
    while time.monotonic() < end_s:
        found = [one.device for one in find.ports() if one.device not in before and one.port == "rp2"]
        if found:
            return found[0]
        time.sleep(POLL_S)
    raise RunError(
        "The image was copied, but no new serial port is there; unplug and plug the board, then run 'islet doctor'."
    )


def _before(job: Job, line: Line, new: image.Image) -> tuple[dict[str, bytes], bool]:
    """Say what is there, refuse what does not fit; return files to give back, whether the file system moves."""
    told = verify.about(line)
    ours = f"Islet for {told.board}" if told.islet else "not Islet"
    job.say(f"found: {told.machine} on {line.port}, MicroPython {told.micropython}, {ours}, id {told.id}")
    if told.chip != new.chip:
        raise InputError(
            f"The board has the chip {told.chip}, the image is for {new.chip}; choose the right BOARD."
        )
    size = job.board.firmware.flash.filesystem_bytes
    if told.filesystem_bytes == size:
        return {}, False
    names = put.names(line)
    job.say(f"the file system moves: {told.filesystem_bytes} bytes now, {size} with the new image")
    if not names or job.files == ERASE:
        return {}, True
    if job.files != KEEP:
        raise InputError(
            f"The file system moves, and the node's files ({', '.join(names)}) with it; add --keep-settings to carry "
            "them over, or --erase to lose them."
        )
    kept = put.get(line, names)
    place = store_copy(COPIES / told.id, kept)
    job.say(f"saved {len(kept)} files to {place}; it holds the node's key: remove it when the board works")
    return kept, True


def store_copy(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files where only their owner can read them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    return folder


def wait_for_volume(named: Path | None, chip: str, say: Say, timeout_s: float = VOLUME_S) -> Path:
    """Return where the boot loader's volume is, once it is; RunError with what to do when it does not come."""
    end_s, told = time.monotonic() + timeout_s, False
    while True:
        found = [one for one in find.volumes(named) if one.chip == chip]
        if found:
            say(f"boot loader at {found[0].path}")
            return found[0].path
        if time.monotonic() > end_s:
            raise RunError(
                f"No boot loader's volume for {chip} came in {timeout_s:g} s; mount it, or unplug the board, hold "
                "BOOTSEL, plug it, and run this again (--volume FOLDER where it is mounted elsewhere)."
            )
        if not told:
            say("waiting for the boot loader's volume")
            told = True
        time.sleep(POLL_S)


def copy(source: Path, volume: Path, say: Say) -> None:
    """Copy an image to a boot loader's volume, which is gone as soon as the last block is there."""
    data = source.read_bytes()
    done = 0
    try:
        with (volume / source.name).open("wb", buffering=0) as file:
            while done < len(data):
                done += file.write(data[done : done + WRITE_BYTES])
                say(f"copying: {100 * done // len(data)} %")
            os.fsync(file.fileno())
    except OSError as error:
        if done < len(data) and find.volume(volume) is not None:
            raise RunError(
                f"{volume} could not be written ({error.strerror}); unplug the board and try again."
            ) from error


def after(job: Job, line: Line, new: image.Image, kept: dict[str, bytes], moved: bool) -> list[probe.Verdict]:
    """Compare what the flash holds, put the files where they belong, test the board and start it."""
    try:
        told = verify.about(line)
        verify.check(line, new, job.say)
        if moved or job.files == ERASE:
            line.load("format")
            line.run("format()")
            job.say("made the file system anew")
        if kept:
            put.put(line, kept, job.say)
        if not told.islet:
            raise RunError(
                f"The image of {job.path} has not Islet in it; 'islet firmware {job.board.name}' makes one."
            )
        job.say("self-test")
        found = probe.self_test(line, time.time)
        line.restart()
    finally:
        line.close()
    return found


def _run_esp32(job: Job) -> list[probe.Verdict]:
    port = job.port or find.port("esp32")
    kept: dict[str, bytes] = {}
    if job.files == KEEP:
        with Line(port) as line:
            kept = put.get(line, put.names(line))
            job.say(f"saved {len(kept)} files to {store_copy(COPIES / verify.about(line).id, kept)}")
    flash_esp32(job.board, job.path, port, job.files == ERASE, job.say)
    line = back(port)
    try:
        if kept:
            put.put(line, kept, job.say)
        found = probe.self_test(line, time.time)
        line.restart()
    finally:
        line.close()
    return found
