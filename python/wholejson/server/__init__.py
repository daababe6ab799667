"""What ``wholejson serve`` adds to the ASGI pieces: settings, doors, logs, metrics, an end."""
