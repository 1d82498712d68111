// Reads and writes Avro files with avsc, the Avro of npm. README.md describes the commands and the lines.
import { closeSync, createWriteStream, openSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { once } from 'node:events';

const avro = createRequire(import.meta.url)('avsc');

// Longs as the library's manual says it: beyond 2^53 it needs a type of one's own.
const long = avro.types.LongType.__with({
  fromBuffer: (buffer) => buffer.readBigInt64LE(),
  toBuffer: (value) => { const buffer = Buffer.alloc(8); buffer.writeBigInt64LE(value); return buffer; },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value) => typeof value === 'bigint',
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
});
const isLong = (schema) => schema === 'long' || schema.type === 'long';
const compile = (schema) =>
  avro.Type.forSchema(schema, { wrapUnions: true, typeHook: (part) => (isLong(part) ? long : undefined) });

function bits(value, size) {
  if (Number.isNaN(value)) return '"NaN"';
  const buffer = Buffer.alloc(size);
  if (size === 4) buffer.writeFloatBE(value); else buffer.writeDoubleBE(value);
  return `"${buffer.toString('hex')}"`;
}

function show(type, value) {
  if (value === null) return 'null';
  switch (type.typeName) {
    case 'boolean': case 'int': return String(value);
    case 'long': case 'abstract:long': return `"${value}"`;
    case 'float': return bits(value, 4);
    case 'double': return bits(value, 8);
    case 'bytes': case 'fixed': return `"${Buffer.from(value).toString('hex')}"`;
    case 'string': case 'enum': return JSON.stringify(value);
    case 'array': return `[${value.map((item) => show(type.itemsType, item)).join()}]`;
    case 'map':
      return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${show(type.valuesType, value[key])}`).join()}}`;
    case 'record':
      return `{${type.fields.map((field) => `${JSON.stringify(field.name)}:${show(field.type, value[field.name])}`).join()}}`;
    case 'union:wrapped': {
      const [[name, inner]] = Object.entries(value);
      return `{${JSON.stringify(name)}:${show(type.types.find((branch) => branch.branchName === name), inner)}}`;
    }
    default: throw new Error(`no canonical form for ${type.typeName}`);
  }
}

async function read(path, lines) {
  const out = openSync(lines, 'w');
  let waiting = [];
  const flush = () => { writeSync(out, waiting.join('')); waiting = []; };
  await new Promise((resolve) => {
    let type;
    const fail = (error) => { waiting.push(`! ${error.message.replaceAll('\n', ' ')}\n`); resolve(); };
    const decoder = avro.createFileDecoder(path, { parseHook: compile });
    decoder.on('metadata', (writer) => { type = writer; });
    decoder.on('data', (record) => {
      try {
        waiting.push(`${show(type, record)}\n`);
        if (waiting.length >= 1000) flush();
      } catch (error) { fail(error); }
    });
    decoder.on('error', fail);
    decoder.on('end', resolve);
  });
  flush();
  closeSync(out);
}

// What the library takes for a value in canonical form. Left to itself it takes numbers for longs, and wraps only the
// values of unions that could be mixed up.
function parse(type, value) {
  if (value === null) return null;
  switch (type.typeName) {
    case 'long': return Number(value);
    case 'abstract:long': return BigInt(value);
    case 'float': return value === 'NaN' ? NaN : Buffer.from(value, 'hex').readFloatBE();
    case 'double': return value === 'NaN' ? NaN : Buffer.from(value, 'hex').readDoubleBE();
    case 'bytes': case 'fixed': return Buffer.from(value, 'hex');
    case 'array': return value.map((item) => parse(type.itemsType, item));
    case 'map': return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, parse(type.valuesType, item)]));
    case 'record': return Object.fromEntries(type.fields.map((field) => [field.name, parse(field.type, value[field.name])]));
    case 'union:wrapped': case 'union:unwrapped': {
      const [[name, inner]] = Object.entries(value);
      const parsed = parse(type.types.find((branch) => branch.branchName === name), inner);
      return type.typeName === 'union:wrapped' ? { [name]: parsed } : parsed;
    }
    default: return value;
  }
}

// A type of one's own keeps longs whole, but its schema in the file has no logical types; the schema as it is has them,
// but then longs end at 2^53.
async function write(schemaFile, lines, codec, path) {
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
  const logical = JSON.stringify(schema).includes('"logicalType"');
  const type = logical ? avro.Type.forSchema(schema) : compile(schema);
  const encoder = new avro.streams.BlockEncoder(logical ? schema : type, { codec, writeHeader: true }); // else none without rows
  const out = encoder.pipe(createWriteStream(path));
  for (const line of readFileSync(lines, 'utf8').split('\n')) if (line) encoder.write(parse(type, JSON.parse(line)));
  encoder.end();
  await once(out, 'finish');
}

const [command, ...rest] = process.argv.slice(2);
const width = { read: 2, write: 4 }[command];
for (let at = 0; at < rest.length; at += width) await { read, write }[command](...rest.slice(at, at + width));
