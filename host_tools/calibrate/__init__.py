"""The command `islet calibrate`: leads a person through a meter's calibration and stores it in the device."""
