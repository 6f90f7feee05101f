"""The simulated wallbox: states, registers, faults, contactor and panel."""
