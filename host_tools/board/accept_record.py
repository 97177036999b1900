"""The record of an acceptance: JSON for programs, text for a person who signs it."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

from host_tools.board import accept_steps, verify
from host_tools.board.accept import FAIL, SKIPPED, Result, Trial, result
from host_tools.errors import InputError, RunError


@dataclass
class Record:
    """What was tested when, and what was found."""

    date: str
    board: str
    id: str
    image_sha256: str
    tester: str
    simulated: bool
    results: list[Result]

    @property
    def verdict(self) -> str:
        """Return what the whole is."""
        found = {one.verdict for one in self.results}
        return "FAIL" if FAIL in found else "incomplete" if SKIPPED in found or not found else "pass"

    def write(self, folder: Path) -> list[Path]:
        """Write both forms; InputError when that cannot be done."""
        stem = f"accept-{self.id}-{self.date.replace(':', '').replace(' ', '-')}"
        told = {**vars(self), "verdict": self.verdict, "results": [one.as_dict() for one in self.results]}
        texts = {f"{stem}.json": json.dumps(told, indent=1) + "\n", f"{stem}.txt": self.text()}
        for name, text in texts.items():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text)
            except OSError as error:
                raise InputError(
                    f"{folder / name} cannot be written ({error.strerror}); choose --out."
                ) from error
        return [folder / name for name in texts]

    def text(self) -> str:
        """Return it for a printer."""
        head = [
            "Acceptance of a board" + (", SIMULATED" if self.simulated else ""),
            f"date     {self.date}",
            f"board    {self.board}, id {self.id}",
            f"image    sha256 {self.image_sha256}",
            f"tester   {self.tester or '______________________'}",
            "",
        ]
        failed = sum(one.verdict == FAIL for one in self.results)
        counts = f"{self.verdict}: {len(self.results)} results, {failed} failed"
        return "\n".join(
            [
                *head,
                *(one.text() for one in self.results),
                "",
                counts,
                "",
                "signed   ____________________",
                "",
            ]
        )


def conduct(trial: Trial, steps: tuple[str, ...], tester: str, simulated: bool) -> Record:
    """Do the steps and return their record, which keeps what was measured before a board was lost."""
    try:
        board, found, digest = _identity(trial)
        date = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        record = Record(date, board, found, digest, tester, simulated, [])
        try:
            for one in accept_steps.run(trial, steps):
                record.results.append(one)
        except RunError as error:
            record.results.append(result("end", "all", False, str(error), "the test ends", ""))
    finally:
        trial.end()
    return record


def _identity(trial: Trial) -> tuple[str, str, str]:
    """Return name, id and image hash of the board; RunError when it does not run ours."""
    told = verify.about(trial.line)
    if not told.islet:
        raise RunError("The board has not Islet on it; 'islet flash BOARD' comes first.")
    size = trial.line.json("image_bytes()") if told.platform == "rp2" else 0
    digest = verify.flash_hash(trial.line, size, trial.say) if size else "not read on this chip"
    return told.board, told.id, digest
