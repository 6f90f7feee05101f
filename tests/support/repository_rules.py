"""The Things Stack's rules for an entry in its device repository, written from its schema and its validator (docs/registration.md).

Only what an entry like ours can break: the fields that we use, with the values that are allowed there; any other field is a mistake here.
"""

_ID = {"type": "string", "pattern": "^[a-z0-9](?:-?[a-z0-9]){2,}$", "maxLength": 36}
_TEXT = {"type": "string", "minLength": 1}
_URL = {"type": "string", "pattern": "^https://[a-z0-9.-]+/"}
_FILE = r"^(?:[a-z0-9-]+/)*(?:[a-z0-9_-]+\.)+"
_REGIONS = ["EU863-870", "US902-928", "AU915-928", "AS923", "AS923-2", "AS923-3", "CN779-787", "EU433", "CN470-510", "CN470-510-20-A",
            "CN470-510-20-B", "CN470-510-26-A", "CN470-510-26-B", "KR920-923", "IN865-867", "RU864-870", "ISM2400"]
_PARAMETERS = {
    "1.0": ["TS001-1.0"], "1.0.1": ["TS001-1.0.1"], "1.0.2": ["RP001-1.0.2", "RP001-1.0.2-RevB"], "1.0.3": ["RP001-1.0.3-RevA"],
    "1.0.4": ["RP002-1.0.0", "RP002-1.0.1", "RP002-1.0.2", "RP002-1.0.3", "RP002-1.0.4"], "1.1": ["RP001-1.1-RevA", "RP001-1.1-RevB"],
}
_BYTES = {"type": "array", "minItems": 1, "maxItems": 256, "items": {"type": "integer", "minimum": 0, "maximum": 255}}
_PORT = {"type": "integer", "minimum": 1, "maximum": 255}
_TEXTS = {"type": "array", "items": {"type": "string"}}


def _object(required, **optional):
    return {"type": "object", "properties": {**required, **optional}, "required": list(required), "additionalProperties": False}


def _words(*words):
    return {"type": "array", "items": {"enum": list(words)}, "uniqueItems": True}


def _span(low, high):
    bound = {"type": "number", "minimum": low, "maximum": high}
    return _object({"min": bound, "max": bound})


def _unless_errors(result):
    """The fields of an output: what it is for is there, or it has errors."""
    schema = _object({}, warnings=_TEXTS, errors=_TEXTS, **result)
    schema["anyOf"] = [{"required": list(result)[:1]}, {"required": ["errors"], "properties": {"errors": {"minItems": 1}}}]
    return schema


def _script(given, output):
    example = _object({"input": given, "output": output}, description={"type": "string"})
    return _object({"fileName": {"type": "string", "pattern": _FILE + "js$"}}, examples={"type": "array", "items": example})


_DECODING = (_object({"bytes": _BYTES, "fPort": _PORT}), _unless_errors({"data": {"type": "object"}}))
_ENCODING = (_object({"data": {"type": "object"}}), _unless_errors({"bytes": _BYTES, "fPort": _PORT}))

INPUTS = {"uplink": _DECODING[0], "downlink": _ENCODING[0]}
VENDORS_INDEX = _object({"vendors": {"type": "array", "items": _object({"id": _ID, "name": _TEXT}, logo={"pattern": _FILE + "(png|svg)$"})}})
VENDOR_INDEX = _object({"endDevices": {"type": "array", "items": _ID, "minItems": 1, "uniqueItems": True}})
CODEC = _object({}, uplinkDecoder=_script(*_DECODING), downlinkEncoder=_script(*_ENCODING), downlinkDecoder=_script(*_DECODING))
PROFILE = _object(
    {"macVersion": {"enum": list(_PARAMETERS)}, "regionalParametersVersion": {"type": "string"}, "supportsJoin": {"type": "boolean"},
     "maxEIRP": {"type": "integer", "minimum": 0}, "supportsClassB": {"const": False}, "supportsClassC": {"type": "boolean"}},
    supports32bitFCnt={"type": "boolean"}, classCTimeout={"type": "integer", "minimum": 0})
PROFILE["allOf"] = [
    {"if": {"properties": {"macVersion": {"const": mac}}}, "then": {"properties": {"regionalParametersVersion": {"enum": versions}}}}
    for mac, versions in _PARAMETERS.items()
] + [
    {"if": {"properties": {"supportsClassC": {"const": True}}}, "then": {"required": ["classCTimeout"]}},
    {"properties": {"supportsJoin": {"const": True}}},   # without join more fields are asked for, which we do not write down
]
_PROFILES = {
    "type": "object", "propertyNames": {"enum": _REGIONS}, "minProperties": 1,
    "additionalProperties": _object({"id": _ID}, codec=_ID, lorawanCertified={"type": "boolean"}),
}
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_POSITIVE = {"type": "number", "minimum": 0}
_FIRMWARE = _object(
    {"version": _TEXT, "profiles": _PROFILES, "hardwareVersions": _TEXTS}, numeric=_NUMBER,
    features=_words("remote rejoin", "transmission interval"))
DEVICE = _object(
    {"name": _TEXT, "firmwareVersions": {"type": "array", "items": _FIRMWARE, "minItems": 1, "uniqueItems": True},
     # Not in the schema, but the validator fails without a picture.
     "photos": _object({"main": {"type": "string", "pattern": _FILE + "(png|jpg|jpeg)$"}}),
     # Not in the schema either, but what its reviewers ask of a newcomer.
     "hardwareVersions": {"type": "array", "items": _object({"version": _TEXT}, numeric=_NUMBER, partNumber=_TEXT), "uniqueItems": True},
     "deviceType": {"enum": ["devkit", "module", "cots"]},
     "dimensions": _object({}, width=_POSITIVE, height=_POSITIVE, length=_POSITIVE, diameter=_POSITIVE),
     "weight": _POSITIVE,
     "operatingConditions": _object({"temperature": _span(-100, 100), "relativeHumidity": _span(0, 1)}),
     "ipCode": {"type": "string", "pattern": "^IP[X0-6][X0-9]K?C?D?f?H?M?S?W?$"},
     "productURL": _URL, "dataSheetURL": _URL, "onboardingGuideURL": _URL},
    description={"type": "string"},
    sensors=_words("current", "energy", "power", "voltage", "temperature", "digital input", "rssi", "snr", "time"),
    bridgeInterfaces=_words("modbus", "m-bus", "can bus", "rs-485", "sdi-12", "analog", "dali"),
    keyProvisioning=_words("custom", "join server", "manifest"),
    keyProgramming=_words("bluetooth", "nfc", "wifi", "serial", "firmware"),
    keySecurity={"enum": ["none", "read protected", "secure element"]},
    firmwareProgramming=_words("serial", "fuota lorawan", "fuota other"))
PICTURE_MOST_PIXELS = 2000
# How its `make fmt` formats: the options of its prettier, of major version 2.
PRETTIER = ("--print-width", "200", "--single-quote")


def same(expected, actual):
    """lodash.isEqual on JSON: the same keys, the same types, the same values; true is not 1."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(same(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return expected == actual
