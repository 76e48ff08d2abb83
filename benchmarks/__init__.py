"""What a request costs: ours beside a hand-written twin and the gateways others run, on one machine, in one table."""
