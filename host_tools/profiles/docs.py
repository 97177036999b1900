"""The table of docs/devices.md, made from the profiles."""

from pathlib import Path

from host_tools.errors import InputError
from host_tools.profiles import check
from host_tools.profiles.form import Profile
from host_tools.profiles.output import DOCUMENTS_ONLY, bytes_of, names_of

BEGIN = "<!-- devices: begin -->"
END = "<!-- devices: end -->"
_HEAD = (
    "| profile | maker | models | role | line | state | readings | commands | bytes |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
_SOURCES = "| profile | documents |\n|---|---|"


def replaced(text: str) -> str:
    """Return a document with the tables between its marks as they should be; InputError without marks."""
    if BEGIN not in text or END not in text:
        raise InputError(f"the document has no lines {BEGIN} and {END}; put them where the tables belong.")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def tables() -> str:
    """Return both tables: what the profiles can do, and where their registers come from."""
    profiles = [check.load(name) for name in check.names()]
    rows = [_row(profile) for profile in profiles]
    sources = [f"| `{profile.name}` | {_documents(profile)} |" for profile in profiles]
    return "\n".join([_HEAD, *rows, "", _SOURCES, *sources])


def write(path: Path) -> None:
    """Replace the tables in a file."""
    try:
        text = path.read_text(encoding="utf-8")
        path.write_text(replaced(text), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be changed ({error.strerror}).") from error


def _row(profile: Profile) -> str:
    readings = " ".join(f"`{name}`" for name in names_of(profile))
    commands = " ".join(f"`{command.name}`" for command in profile.commands) or "none"
    state = "documents" if profile.state == DOCUMENTS_ONLY else "image: " + profile.state.split(": ", 1)[1]
    cells = [f"`{profile.name}`", profile.maker, "; ".join(profile.models), profile.role, profile.line]
    cells += [state, readings, commands, str(bytes_of(profile))]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _documents(profile: Profile) -> str:
    found = [f"{one.title}, {one.revision}: {one.where}" for one in profile.documents]
    return "; ".join(found).replace("|", "/")
