"""What a scan found, as it is printed: devices, their models, and points with value, unit and quality."""

from dataclasses import dataclass, field

Value = float | int | str | None


@dataclass
class PointFound:
    """One point: value in SunSpec's unit of the point, None where there is none; offset from the model's ID."""

    name: str
    value: Value
    unit: str
    quality: str
    offset: int
    size: int
    scale: str | int  # factor: a point, or a power of ten
    raw: object = None  # what the registers hold, None for "not implemented"
    meaning: str = ""  # of an enumeration


@dataclass
class ModelFound:
    """One model where it lies; `length` is that of its header, so without the two registers of it."""

    id: int
    address: int
    length: int
    label: str = ""
    points: list[PointFound] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def get(self, name: str) -> Value:
        """Return a point's value, None when there is none."""
        return next((point.value for point in self.points if point.name == name), None)


@dataclass
class DeviceFound:
    """One device: the n-th (from 1) of those that a unit chains in one map."""

    unit: int
    base: int
    number: int
    models: list[ModelFound] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """How the device is called in the output."""
        return f"unit {self.unit}" if self.number == 1 else f"unit {self.unit} device {self.number}"

    def text(self, name: str) -> str:
        """Return a text of model 1, empty when it has none."""
        found = next((model.get(name) for model in self.models if model.id == 1), None)
        return found if isinstance(found, str) else ""

    def number_of(self, models: tuple[int, ...], name: str) -> float | None:
        """Return a numeric value from the first of these models that has it."""
        for model in self.models:
            found = model.get(name) if model.id in models else None
            if isinstance(found, int | float):
                return float(found)
        return None
