"""What answers on a Modbus line: devices, models and points, read by the firmware's own drivers."""
