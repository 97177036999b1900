"""What the aggregator remembers: reports, events, commands and answers in SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Engine,
    Executable,
    Row,
    ScalarResult,
    Select,
    UniqueConstraint,
    create_engine,
    event,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The tables; `id` grows in order of arrival."""


class _FromNode:
    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    node: Mapped[str]
    boot: Mapped[int]
    seq: Mapped[int]
    t: Mapped[int] = mapped_column(index=True)  # UTC epoch s by the node's clock, 0 without one


class ReportRow(_FromNode, Base):
    """One report; units and signs as on the wire, NULL where the node had no usable value."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("site", "node", "boot", "seq", "t"),)
    grid_w: Mapped[float | None]
    pv_w: Mapped[float | None]
    battery_w: Mapped[float | None]
    ev_w: Mapped[float | None]
    chp_w: Mapped[float | None]
    load_w: Mapped[float | None]
    residual_w: Mapped[float | None]
    soc_pu: Mapped[float | None]
    grid_v: Mapped[float | None]
    grid_hz: Mapped[float | None]
    bus_v: Mapped[float | None]
    state: Mapped[str]
    why: Mapped[str]
    pv_why: Mapped[str]
    shed_why: Mapped[str]
    held_why: Mapped[str]
    ev_why: Mapped[str]
    genset_why: Mapped[str]
    fault: Mapped[str]
    shed: Mapped[int]
    import_wh: Mapped[int]
    export_wh: Mapped[int]
    checks: Mapped[list[str]] = mapped_column(JSON)
    circuits: Mapped[dict[str, list[int]]] = mapped_column(JSON)
    next_w: Mapped[float | None]
    autonomy_h: Mapped[float | None]
    bf: Mapped[int]


class EventRow(_FromNode, Base):
    """One change of state."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("site", "node", "boot", "seq", "t"),)
    was: Mapped[str]
    to: Mapped[str]
    why: Mapped[str]


class QualityRow(_FromNode, Base):
    """One disturbance of the supply, by its meter; t is when it began."""

    __tablename__ = "quality"
    __table_args__ = (UniqueConstraint("site", "node", "boot", "seq", "t"),)
    kind: Mapped[str]
    ms: Mapped[int]
    unsure_ms: Mapped[int]
    worst_v: Mapped[float]
    phases: Mapped[int]


class DeviceRow(_FromNode, Base):
    """What one device told, and how it fares since the node's start."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("site", "node", "boot", "seq", "t"),)
    name: Mapped[str]
    role: Mapped[str]
    readings: Mapped[dict[str, float | None]] = mapped_column(JSON)
    polls: Mapped[int]
    errors: Mapped[int]
    writes: Mapped[int]
    mismatches: Mapped[int]


class AckRow(_FromNode, Base):
    """One answer to a command; seq is the command's."""

    __tablename__ = "acks"
    __table_args__ = (UniqueConstraint("site", "node", "boot", "seq", "t", "answer"),)
    answer: Mapped[str]


class CommandRow(Base):
    """One command as it was sent."""

    __tablename__ = "commands"
    site: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    value: Mapped[str]  # JSON
    not_before_s: Mapped[int]
    expires_s: Mapped[int]
    why: Mapped[str]


NUMBERED = (ReportRow, EventRow, QualityRow, DeviceRow)  # they share one numbering
ROWS: Mapping[str, type[ReportRow] | type[EventRow] | type[AckRow] | type[QualityRow] | type[DeviceRow]] = {
    "report": ReportRow,
    "event": EventRow,
    "ack": AckRow,
    "quality": QualityRow,
    "device": DeviceRow,
}


def _pragmas(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}").close()


class Store:
    """One SQLite file, or RAM without a path. Not shared between threads."""

    def __init__(self, path: Path | None = None) -> None:
        self.engine: Engine = create_engine(f"sqlite:///{path}" if path else "sqlite://")
        event.listen(self.engine, "connect", _pragmas)
        Base.metadata.create_all(self.engine)

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()

    def add(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
        """Insert rows by kind of ROWS in one transaction; return how many were new: twins are left out."""
        new = 0
        with self.engine.begin() as connection:
            for kind, batch in rows.items():
                if batch:
                    statement = insert(ROWS[kind]).on_conflict_do_nothing()
                    new += connection.execute(statement, list(batch)).rowcount
        return new

    def add_command(self, row: CommandRow) -> None:
        """Insert one command; raises IntegrityError when its number was used."""
        with Session(self.engine) as session, session.begin():
            session.add(row)

    def last_command_seq(self, site: str, node: str) -> int:
        """Return the highest command number used for a node, 0 before the first."""
        query = select(func.max(CommandRow.seq)).where(CommandRow.site == site, CommandRow.node == node)
        with Session(self.engine) as session:
            return session.scalar(query) or 0

    def all(self, query: Select[Any]) -> list[Any]:
        """Return every object of a query over one table."""
        with Session(self.engine) as session:
            found: ScalarResult[Any] = session.scalars(query)
            return list(found)

    def rows(self, query: Executable) -> Sequence[Row[*tuple[Any, ...]]]:
        """Return every row of a query over columns."""
        with Session(self.engine) as session:
            return session.execute(query).all()

    def missing(self) -> dict[tuple[str, str, int], int]:
        """Return {(site, node, boot): how many numbers below the highest never arrived}; empty when none."""
        parts = [select(row.site, row.node, row.boot, row.seq) for row in NUMBERED]
        numbered = union_all(*parts).subquery()
        column = numbered.c
        gap = func.max(column.seq) - func.count(column.seq.distinct())
        query = select(column.site, column.node, column.boot, gap).group_by(
            column.site, column.node, column.boot
        )
        return {(site, node, boot): count for site, node, boot, count in self.rows(query) if count}
