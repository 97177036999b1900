"""The few points of SunSpec models that the drivers use (Device Information Model V1.2; vendor model 64900).

A row is (name, offset from the model's ID register, struct format, scale factor: a point or a power of ten).
Tables are nested constants, so that frozen code keeps them in flash.
"""

COMMON = 1
INVERTER_SINGLE = 101
NAMEPLATE = 120
CONTROLS = 123
AC_MEASURE = 701
CAPACITY = 702
AC_CONTROLS = 704
STORAGE = 713
FORM = 64900

_TABLES = (
    (1, (("Mn", 2, "32s", 0), ("Md", 18, "32s", 0), ("SN", 50, "32s", 0))),
    (101, (("W", 14, ">h", "W_SF"), ("W_SF", 15, ">h", 0), ("St", 38, ">H", 0))),
    (120, (("WRtg", 3, ">H", "WRtg_SF"), ("WRtg_SF", 4, ">h", 0))),
    (
        123,
        (
            ("WMaxLimPct", 5, ">H", "WMaxLimPct_SF"),
            ("WMaxLimPct_WinTms", 6, ">H", 0),
            ("WMaxLimPct_RvrtTms", 7, ">H", 0),
            ("WMaxLimPct_RmpTms", 8, ">H", 0),
            ("WMaxLim_Ena", 9, ">H", 0),
            ("WMaxLimPct_SF", 23, ">h", 0),
        ),
    ),
    (
        701,
        (
            ("InvSt", 4, ">H", 0),
            ("W", 10, ">h", "W_SF"),
            ("Hz", 17, ">I", "Hz_SF"),
            ("Hz_SF", 115, ">h", 0),
            ("W_SF", 116, ">h", 0),
        ),
    ),
    (702, (("WMaxRtg", 2, ">H", "W_SF"), ("W_SF", 45, ">h", 0))),
    (
        704,
        (
            ("WSetEna", 22, ">H", 0),
            ("WSetMod", 23, ">H", 0),
            ("WSet", 24, ">i", "WSet_SF"),
            ("WSetRvrt", 26, ">i", "WSet_SF"),
            ("WSetEnaRvrt", 30, ">H", 0),
            ("WSetRvrtTms", 31, ">I", 0),
            ("WSet_SF", 55, ">h", 0),
        ),
    ),
    (713, (("SoC", 4, ">H", "Pct_SF"), ("Sta", 6, ">H", 0), ("Pct_SF", 8, ">h", 0))),
    (
        64900,
        (
            ("Ena", 2, ">H", 0),
            ("HzSet", 3, ">H", -3),
            ("VSet", 4, ">H", -1),
            ("St", 5, ">H", 0),
            ("Hz", 6, ">H", -3),
            ("DroopPu", 7, ">H", -4),
        ),
    ),
)


def table(model_id: int) -> tuple:
    """Return the rows known of a model, none for an unknown one; 102 and 103 are laid out as 101."""
    if model_id in (102, 103):
        model_id = INVERTER_SINGLE
    for known, rows in _TABLES:
        if known == model_id:
            return rows
    return ()


def row(model_id: int, name: str) -> tuple:
    """Return one row; KeyError for a point that no driver needs."""
    for found in table(model_id):
        if found[0] == name:
            return found
    raise KeyError(name)


def static_scale(model_id: int) -> bool:
    """Return whether scale factors of a model never change: the 700 series marks them static."""
    return 700 <= model_id < 800
