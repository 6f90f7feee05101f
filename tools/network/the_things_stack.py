"""The Things Stack: the JSON of an end device, which its console imports and its command line creates."""

# SF9 for RX2 in Europe, second sub-band elsewhere: The Things Network's. AS923 has several and no usual one.
_PLANS = {"EU868": "EU_863_870_TTN", "AU915": "AU_915_928_FSB_{sub_band}", "US915": "US_902_928_FSB_{sub_band}"}


def plan_id(region, sub_band):
    """The id of the frequency plan, or None where the region alone does not tell."""
    return _PLANS[region].format(sub_band=sub_band) if region in _PLANS else None


def end_device(device_id, euis_and_key, version, plan, settings, formatter):
    """One end device. euis_and_key: dev_eui, join_eui, app_key; version: tools.network.boards.Version; settings: config.Settings."""
    dev_eui, join_eui, app_key = euis_and_key
    return {
        "ids": {"device_id": device_id, "dev_eui": dev_eui, "join_eui": join_eui},
        "lorawan_version": "MAC_V" + version.mac.replace(".", "_"),
        "lorawan_phy_version": f"PHY_V{version.parameters.replace('.', '_')}_REV_{version.revision}",
        "frequency_plan_id": plan,
        "supports_join": True,      # else it would be registered for activation by personalization
        "supports_class_c": settings.LORAWAN_CLASS == "C",
        "root_keys": {"app_key": {"key": app_key}},
        # No battery to tell of, and each question costs one of ten downlinks a day.
        "mac_settings": {"status_time_periodicity": "0s", "status_count_periodicity": 0, "adr": {"dynamic" if settings.ADR else "disabled": {}}},
        "formatters": {
            "up_formatter": "FORMATTER_JAVASCRIPT", "up_formatter_parameter": formatter,
            "down_formatter": "FORMATTER_JAVASCRIPT", "down_formatter_parameter": formatter,
        },
    }
