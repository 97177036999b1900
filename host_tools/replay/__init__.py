"""The firmware's own measure layer over recorded ADC samples: anyone can check the meter against a reference."""
