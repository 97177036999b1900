"""Host side of Islet: district simulation, aggregator, tools (`python -m host_tools`, console script `islet`)."""
