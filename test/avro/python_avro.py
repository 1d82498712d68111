#!/usr/bin/python3
"""Reads and writes Avro files with python3-avro. README.md describes the commands and the lines."""

import datetime
import decimal
import json
import math
import struct
import sys
import warnings

import avro.datafile
import avro.io
import avro.schema

warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)  # of those that this library does not know
decimal.getcontext().prec = 100  # or scaleb() would round


class Branch:
    """A union's value and the schema of its branch, which the library itself does not tell."""

    def __init__(self, schema, value):
        self.schema = schema
        self.value = value


class BranchReader(avro.io.DatumReader):
    def read_union(self, writers_schema, readers_schema, decoder):
        branch = writers_schema.schemas[decoder.read_long()]
        return Branch(branch, self.read_data(branch, branch, decoder))


def without_logical_types(node):
    """The schema's JSON without what makes the library convert values."""
    if isinstance(node, dict):
        return {key: without_logical_types(part) for key, part in node.items() if key != "logicalType"}
    if isinstance(node, list):
        return [without_logical_types(part) for part in node]
    return node


def name_of(schema):
    return schema.fullname if isinstance(schema, avro.schema.NamedSchema) else schema.type


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def bits(form, value):
    return '"NaN"' if math.isnan(value) else f'"{struct.pack(form, value).hex()}"'


def plain(value):
    """A decimal without an exponent."""
    return f'"{value:f}"'


def show(schema, value):
    if isinstance(value, Branch):
        return "null" if value.value is None else f"{{{quoted(name_of(value.schema))}:{show(value.schema, value.value)}}}"
    if value is None:
        return "null"
    if isinstance(value, datetime.datetime):
        return f'"{value:%Y-%m-%dT%H:%M:%S.%f}Z"'.replace(value.strftime("%Y"), f"{value.year:04}", 1)
    if isinstance(value, datetime.date):
        return f'"{value.isoformat()}"'
    if isinstance(value, datetime.time):
        return f'"{value:%H:%M:%S.%f}"'
    if isinstance(value, decimal.Decimal):
        return plain(value)
    kind = schema.type
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "int":
        return str(value)
    if kind == "long":
        return f'"{value}"'
    if kind == "float":
        return bits(">f", value)
    if kind == "double":
        return bits(">d", value)
    if kind in ("bytes", "fixed"):
        return f'"{value.hex()}"'
    if kind in ("string", "enum"):
        return quoted(value)
    if kind == "array":
        return f"[{','.join(show(schema.items, item) for item in value)}]"
    if kind == "map":
        return f"{{{','.join(f'{quoted(key)}:{show(schema.values, value[key])}' for key in sorted(value))}}}"
    if kind == "record":
        return f"{{{','.join(f'{quoted(field.name)}:{show(field.type, value[field.name])}' for field in schema.fields)}}}"
    raise ValueError(f"no canonical form for {kind}")


def read(path, lines, convert):
    with open(path, "rb") as source, open(lines, "w", encoding="utf-8", newline="\n") as out:
        try:
            reader = avro.datafile.DataFileReader(source, BranchReader())
            if not convert:
                schema = json.dumps(without_logical_types(json.loads(reader.schema)))
                reader.datum_reader.writers_schema = avro.schema.parse(schema)
            schema = reader.datum_reader.writers_schema
            for record in reader:
                out.write(show(schema, record) + "\n")
        except Exception as error:  # whatever the library raises is its answer
            out.write(f"! {type(error).__name__}: {error}".replace("\n", " ") + "\n")


def unscaled(data, schema):
    return decimal.Decimal(int.from_bytes(data, "big", signed=True)).scaleb(-schema.get_prop("scale"))


def parse(schema, value):
    """What the library takes for a value in canonical form."""
    kind = schema.type
    if kind == "union":
        if value is None:
            return None
        [(name, inner)] = value.items()
        return parse(next(branch for branch in schema.schemas if name_of(branch) == name), inner)
    logical = getattr(schema, "logical_type", None)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    if logical == "date":
        return epoch.date() + datetime.timedelta(days=value)
    if logical in ("time-millis", "time-micros"):
        unit = 1000 if logical == "time-millis" else 1
        return (epoch + datetime.timedelta(microseconds=int(value) * unit)).time()
    if logical in ("timestamp-millis", "timestamp-micros"):
        unit = 1000 if logical == "timestamp-millis" else 1
        return epoch + datetime.timedelta(microseconds=int(value) * unit)
    if kind in ("bytes", "fixed"):
        data = bytes.fromhex(value)
        return unscaled(data, schema) if logical == "decimal" else data
    if kind == "long":
        return int(value)
    if kind in ("float", "double"):
        return math.nan if value == "NaN" else struct.unpack(">f" if kind == "float" else ">d", bytes.fromhex(value))[0]
    if kind == "array":
        return [parse(schema.items, item) for item in value]
    if kind == "map":
        return {key: parse(schema.values, item) for key, item in value.items()}
    if kind == "record":
        return {field.name: parse(field.type, value[field.name]) for field in schema.fields}
    return value


def write(schema_file, lines, codec, path):
    with open(schema_file, encoding="utf-8") as source:
        schema = avro.schema.parse(source.read())
    with open(lines, encoding="utf-8", newline="\n") as source, open(path, "wb") as out:
        with avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), schema, codec) as writer:
            for line in source:
                writer.append(parse(schema, json.loads(line)))


command, arguments = sys.argv[1], sys.argv[2:]
width = {"read": 2, "values": 2, "write": 4}[command]
for at in range(0, len(arguments), width):
    group = arguments[at : at + width]
    if command == "write":
        write(*group)
    else:
        read(*group, convert=command == "values")
