"""A profile as text: the list of all, and one of them row by row with its sources."""

from collections.abc import Iterator

from host_tools.profiles import compact
from host_tools.profiles.form import Back, Command, Profile, Reading, Register, Write

_SPACES = {1: "coil", 2: "input bit", 3: "holding", 4: "input"}
DOCUMENTS_ONLY = "from documents only"


def names_of(profile: Profile) -> list[str]:
    """Return the names of the readings, each once, in their order."""
    return list(dict.fromkeys(row.name for row in profile.readings))


def bytes_of(profile: Profile) -> int:
    """Return the size of the compact form."""
    return len(compact.text(profile))


def list_lines(profiles: list[Profile]) -> Iterator[str]:
    """Yield a table: name, role, line, bytes, whether it can be told something, maker."""
    yield f"{'name':<24} {'role':<9} {'line':<5} {'bytes':>5}  {'commands':<20} maker"
    for one in profiles:
        told = ", ".join(command.name for command in one.commands) or "-"
        yield f"{one.name:<24} {one.role:<9} {one.line:<5} {bytes_of(one):>5}  {told:<20} {one.maker}"


def show_lines(profile: Profile) -> Iterator[str]:
    """Yield all that a profile says."""
    yield f"{profile.name}: {profile.maker} {', '.join(profile.models)}"
    yield f"  role {profile.role}, {profile.state}, {bytes_of(profile)} bytes in compact form"
    yield f"  {_place(profile)}; at most {profile.most} registers in a request"
    yield "documents"
    for document in profile.documents:
        yield f"  {document.key}: {document.title}, {document.revision}; {document.where}"
    yield "readings"
    yield from (_reading(row) for row in profile.readings)
    for command in profile.commands:
        yield from _command(command)
    if profile.notes:
        yield "notes"
    yield from (f"  {note}" for note in profile.notes)


def _place(profile: Profile) -> str:
    place = f"unit {profile.unit} on a serial line"
    if profile.line == "tcp":
        place = f"Modbus TCP, port {profile.port}, unit {profile.unit}"
    if profile.clients:
        place += f", at most {profile.clients} connection{'s' if profile.clients > 1 else ''}"
    return place + (f", {profile.gap_ms} ms between requests" if profile.gap_ms else "")


def _number(row: Register) -> str:
    """Return type, order, scale, sign and unit in words."""
    order = ", low word first" if row.little else ""
    scale = "" if row.scale == "1" else f" x {row.scale}"
    return f"{row.type}{order}{scale}{' x -1' if row.sign < 0 else ''} {row.unit}".rstrip()


def _reading(row: Reading) -> str:
    parts = [_number(row)]
    if row.tens is not None:
        parts.append(f"x 10 to the power in {row.tens}")
    if row.mask:
        parts.append(f"bits {row.mask:#x} from bit {row.shift}")
    if row.codes:
        parts.append(" ".join(f"{raw}={meaning}" for raw, meaning in row.codes))
    if row.missing:
        parts.append("missing " + " ".join(f"{raw:#x}" for raw in row.missing))
    parts += ["optional"] if row.optional else []
    parts += [row.note] if row.note else []
    place = f"{_SPACES[row.function]} {row.address}"
    return f"  {row.name:<14} {place:<16} {', '.join(parts)} [{' '.join(row.documents)}]"


def _command(command: Command) -> Iterator[str]:
    limits = f"{command.least:g} to {command.most:g}, safe {command.safe:g}: {command.safe_because}"
    yield f"command {command.name}: {limits} [{' '.join(command.documents)}]"
    times = [f"the device reverts after {command.reverts_s} s"] if command.reverts_s else []
    times += [f"written again every {command.renew_s} s"] if command.renew_s else []
    times += [f"not written again within {command.gap_s} s"] if command.gap_s else []
    yield from (f"  {one}" for one in times)
    for case in command.cases:
        yield f"  from {case.least:g}"
        yield from (f"    {_write(write)}" for write in case.writes)
    if command.note:
        yield f"  {command.note}"


def _write(write: Write) -> str:
    what = f"{write.value}, {_number(write)}" if write.value is not None else _number(write)
    what += " of rated_w" if write.per_rated else ""
    back = "read back"
    if write.back is None:
        back = "not read back"
    elif isinstance(write.back, Back):
        back = f"read back at {_SPACES[write.back.function]} {write.back.address}"
    return f"function {write.function} at {write.address}: {what}, {back}"
