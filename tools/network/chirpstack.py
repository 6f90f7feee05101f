"""ChirpStack v4: the bodies of three requests to its API, which make device profile, device and keys."""

# Of the profile: the longest pause between uplinks at the slowest data rates, and how long a confirmed downlink waits for its answer.
UPLINK_INTERVAL_S = 120 * 60
CLASS_C_TIMEOUT_S = 60
CLOCK_PORT = 202
# What only that server knows, to be put in before the bodies are sent (docs/chirpstack.md).
TENANT, APPLICATION, PROFILE = "TENANT_ID", "APPLICATION_ID", "DEVICE_PROFILE_ID"


def device_profile(name, version, settings, formatter):
    """POST /api/device-profiles: version as tools.network.boards.Version, settings as config.Settings."""
    return {"deviceProfile": {
        "tenantId": TENANT, "name": name, "region": settings.REGION,
        "macVersion": "LORAWAN_" + version.mac.replace(".", "_"), "regParamsRevision": version.revision,
        "adrAlgorithmId": "default",    # obeyed only by a device whose ADR is on
        "payloadCodecRuntime": "JS", "payloadCodecScript": formatter,
        "uplinkInterval": UPLINK_INTERVAL_S, "deviceStatusReqInterval": 0, "supportsOtaa": True,
        "supportsClassC": settings.LORAWAN_CLASS == "C", "classCTimeout": CLASS_C_TIMEOUT_S,
        "appLayerParams": {"ts003Version": "TS003_V100", "ts003FPort": CLOCK_PORT},
    }}


def device(name, dev_eui, join_eui):
    """POST /api/devices."""
    return {"device": {"devEui": dev_eui.lower(), "joinEui": join_eui.lower(), "name": name,
                       "applicationId": APPLICATION, "deviceProfileId": PROFILE}}


def device_keys(dev_eui, app_key):
    """POST /api/devices/<DevEUI>/keys. The AppKey of LoRaWAN 1.0.x has its place in nwkKey there."""
    return {"deviceKeys": {"devEui": dev_eui.lower(), "nwkKey": app_key.lower()}}
