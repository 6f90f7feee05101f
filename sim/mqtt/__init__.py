"""The application server's MQTT side."""
