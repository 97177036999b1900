"""What the node wants done: controllers write here, the door in actuate/ carries it out."""

from islet.names import R_BOOT


class Wishes:
    """The wishes of one step; safe at boot: contactor as found, battery idle, PV free, nothing shed."""

    def __init__(self) -> None:
        self.contactor_closed = True
        self.forming = False  # battery inverter forms the voltage (only with the contactor open)
        self.form_hz = 0.0  # frequency asked of the forming inverter at no load
        self.form_v = 0.0
        self.form_droop_pu = 0.0  # frequency fall at rated discharge, of nominal; 0: the device's own
        self.form_v_droop_pu = 0.0  # voltage fall at rated reactive power; 0: the device's own
        self.battery_w = 0.0  # set-point while following the grid
        self.battery_var = 0.0  # injects
        self.pv_var = 0.0
        self.pv_limit_w = 0.0  # ceiling for PV output; the rating means free
        self.shed_level = 0  # how many load groups are dropped, least important first
        self.ev_stop = False  # cars do not charge
        self.ev_w = 0.0  # asked of cars that give back (generates), 0 for nothing asked
        self.genset_run = False  # gensets and cogeneration run
        self.bond_closed = False  # neutral is tied to earth here
        self.battery_reason = R_BOOT
        self.pv_reason = R_BOOT
        self.shed_reason = R_BOOT
