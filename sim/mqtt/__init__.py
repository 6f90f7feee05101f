"""MQTT of the simulated application server: its topics, requests for downlinks, and a broker for runs without one."""
