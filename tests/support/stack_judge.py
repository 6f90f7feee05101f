"""The Things Stack's own types as a judge of its JSON: the descriptors that lorawan-connection of PyPI carries, of which only this data is used.

Strict about names, types and words of enumerations. What is not seen: that the stack writes keys and EUIs in hex, where protobuf expects base64.
"""
import importlib
import pathlib
import sysconfig

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

SCHEMA = pathlib.Path(sysconfig.get_paths()["data"]) / "judge" / "lorawan_connection" / "backend" / "tts_schema.pb"
PACKAGE = "ttn.lorawan.v3."
WELL_KNOWN = "google/protobuf/"
# What stands last in a topic -> its type.
UP, DOWN = "ApplicationUp", "ApplicationDownlinks"


def _pool():
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(SCHEMA.read_bytes()).file:
        for name in file.dependency:
            if name.startswith(WELL_KNOWN):
                module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
                pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        pool.Add(file)
    return pool


POOL = _pool()


def parsed(type_name, content):
    """The message of that type; json_format.ParseError where a field is unknown or has a wrong type."""
    return json_format.ParseDict(content, message_factory.GetMessageClass(POOL.FindMessageTypeByName(PACKAGE + type_name))())


def of_topic(suffix, content):
    """The same for what is published on a topic that ends so."""
    return parsed(DOWN if suffix in ("down/push", "down/replace") else UP, content)
