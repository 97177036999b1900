"""Fleet, store, network watch and envelopes."""
