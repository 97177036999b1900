"""Genset against andes 2.0.0: GENCLS (M = 2 H, D = 0, xd1 = 0.25) with TGOV1 (T2 = T3) and a step of constant power.

The script, once for each row of the table (H, T1, R):

    ss = andes.System(default_config=True, no_output=True)
    for i in (1, 2): ss.add("Bus", dict(idx=i, name=f"b{i}", Vn=0.4, v0=1.0, a0=0.0))
    ss.add("Line", dict(idx="L", bus1=1, bus2=2, r=0.0, x=1e-4, Vn1=0.4, Vn2=0.4, Sn=100))
    ss.add("Slack", dict(idx="G", bus=1, Sn=100, Vn=0.4, v0=1.0, a0=0.0, p0=0.2))
    ss.add("PQ", dict(idx="P1", bus=2, p0=0.2, q0=0.0, Vn=0.4))
    ss.add("PQ", dict(idx="P2", bus=2, p0=1e-6, q0=0.0, Vn=0.4))
    ss.add("GENCLS", dict(idx="M", bus=1, gen="G", Sn=100, Vn=0.4, fn=50, M=2 * H, D=0.0, ra=0.0, xd1=0.25))
    ss.add("TGOV1", dict(idx="T", syn="M", R=R, VMAX=1.0, VMIN=0.0, T1=T, T2=0.5, T3=0.5, Dt=0.0))
    ss.add("Alter", dict(idx="A", model="PQ", dev="P2", src="Ppf", attr="v", method="=", amount=0.2, t=1.0))
    ss.config.freq = 50
    c = ss.PQ.config
    c.p2p, c.p2z, c.p2i, c.q2q, c.q2z, c.q2i = 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    ss.setup(); ss.PFlow.run()
    c = ss.TDS.config
    c.tf, c.fixt, c.tstep, c.shrinkt = 6.0, 1, 0.001, 0
    ss.TDS.run()
    hz = 50 * np.array(ss.dae.ts.x)[:, ss.GENCLS.omega.a[0]]

andes starts at 50 Hz; this plant at its droop, so what is compared is the fall from before the step.
"""

import numpy as np
import pytest
from dynamics_rig import DynamicsRig

from host_tools.plant.dynamics import GensetParams, LoadParams

# H s, T1 s, R pu, then Hz below: lowest, its time in s, 0.1 s and 1 s after the step
TABLE = [
    (0.8, 0.15, 0.04, 0.7172, 0.197, 0.5367, 0.4099),
    (2.0, 0.3, 0.05, 0.7513, 0.534, 0.2435, 0.5321),
    (1.0, 0.6, 0.1, 1.9875, 0.674, 0.4931, 1.6457),
]


@pytest.mark.parametrize(("h_s", "lag_s", "droop", "nadir_hz", "nadir_s", "early_hz", "late_hz"), TABLE)
def test_a_load_step_falls_as_in_andes(
    h_s: float, lag_s: float, droop: float, nadir_hz: float, nadir_s: float, early_hz: float, late_hz: float
) -> None:
    genset = GensetParams(
        h_s=h_s, governor_s=lag_s, droop_pu=droop, damping_pu=0.0, avr_gain=0.0, r_pu=0.0, start_s=0.1
    )
    loads = LoadParams(zip_pu=(0.0, 0.0, 1.0), var_per_w=0.0)
    rig = DynamicsRig(load_w=(1600.0, 0.0, 0.0), loads=loads, genset=genset)
    rig.c.contactor_closed[:] = False
    rig.c.genset_run = np.array([True])
    before = rig.run(20_000).bus_hz[-1, 0]
    rig.demand.load_w = np.array([[3200.0, 0.0, 0.0]])
    fall = before - rig.run(2000).bus_hz[:, 0]
    assert fall.max() == pytest.approx(nadir_hz, rel=0.01)
    assert (np.argmax(fall) + 1) * 1e-3 == pytest.approx(nadir_s, abs=0.008)
    assert fall[99] == pytest.approx(early_hz, rel=0.015)
    assert fall[999] == pytest.approx(late_hz, rel=0.01)
