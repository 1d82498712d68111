// Reads and writes Avro files with Java's avro 1.8. README.md describes the commands and the lines.
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.codehaus.jackson.JsonNode;
import org.codehaus.jackson.map.ObjectMapper;
import org.joda.time.DateTime;
import org.joda.time.DateTimeZone;
import org.joda.time.LocalDate;
import org.joda.time.LocalTime;

public class JavaAvro {
    public static void main(String[] arguments) throws IOException {
        boolean writes = arguments[0].equals("write");
        for (int at = 1; at < arguments.length; at += writes ? 4 : 2) {
            if (writes) {
                write(arguments[at], arguments[at + 1], arguments[at + 2], arguments[at + 3]);
            } else {
                read(arguments[at], arguments[at + 1], arguments[0].equals("values"));
            }
        }
    }

    // ---- Values to lines ----

    // The conversions that the library has; without them every value is of its base type.
    static GenericData data(boolean convert) {
        GenericData data = new GenericData();
        if (convert) {
            data.addLogicalTypeConversion(new Conversions.DecimalConversion());
            data.addLogicalTypeConversion(new TimeConversions.DateConversion());
            data.addLogicalTypeConversion(new TimeConversions.TimeMicrosConversion());
            data.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
        }
        return data;
    }

    static void read(String file, String lines, boolean convert) throws IOException {
        GenericData data = data(convert);
        try (BufferedWriter out = Files.newBufferedWriter(Paths.get(lines), StandardCharsets.UTF_8)) {
            try (DataFileReader<Object> reader =
                    new DataFileReader<>(new File(file), new GenericDatumReader<>(null, null, data))) {
                StringBuilder line = new StringBuilder();
                while (reader.hasNext()) {
                    line.setLength(0);
                    show(data, reader.getSchema(), reader.next(), line);
                    out.append(line).append('\n');
                }
            } catch (Exception error) { // whatever the library throws is its answer
                out.append(("! " + error).replace('\n', ' ')).append('\n');
            }
        }
    }

    static void show(GenericData data, Schema schema, Object value, StringBuilder out) {
        if (schema.getType() == Schema.Type.UNION) {
            Schema branch = schema.getTypes().get(data.resolveUnion(schema, value));
            if (branch.getType() == Schema.Type.NULL) {
                out.append("null");
                return;
            }
            out.append('{');
            quote(branch.getFullName(), out);
            out.append(':');
            show(data, branch, value, out);
            out.append('}');
        } else if (value instanceof LocalDate) {
            quote(((LocalDate) value).toString("yyyy-MM-dd"), out);
        } else if (value instanceof LocalTime) { // of milliseconds, as Joda's DateTime
            quote(((LocalTime) value).toString("HH:mm:ss.SSS000"), out);
        } else if (value instanceof DateTime) {
            quote(((DateTime) value).withZone(DateTimeZone.UTC).toString("yyyy-MM-dd'T'HH:mm:ss.SSS000'Z'"), out);
        } else if (value instanceof BigDecimal) {
            quote(((BigDecimal) value).toPlainString(), out);
        } else {
            showPlain(data, schema, value, out);
        }
    }

    static void showPlain(GenericData data, Schema schema, Object value, StringBuilder out) {
        switch (schema.getType()) {
            case NULL: case BOOLEAN: case INT:
                out.append(value);
                break;
            case LONG:
                out.append('"').append(value).append('"');
                break;
            case FLOAT:
                float single = (Float) value;
                quote(Float.isNaN(single) ? "NaN" : String.format("%08x", Float.floatToRawIntBits(single)), out);
                break;
            case DOUBLE:
                double real = (Double) value;
                quote(Double.isNaN(real) ? "NaN" : String.format("%016x", Double.doubleToRawLongBits(real)), out);
                break;
            case BYTES:
                ByteBuffer buffer = ((ByteBuffer) value).duplicate();
                byte[] bytes = new byte[buffer.remaining()];
                buffer.get(bytes);
                quote(hex(bytes), out);
                break;
            case FIXED:
                quote(hex(((GenericFixed) value).bytes()), out);
                break;
            case STRING: case ENUM:
                quote(value.toString(), out);
                break;
            case ARRAY:
                out.append('[');
                String comma = "";
                for (Object item : (Collection<?>) value) {
                    out.append(comma);
                    show(data, schema.getElementType(), item, out);
                    comma = ",";
                }
                out.append(']');
                break;
            case MAP:
                Map<String, Object> sorted = new TreeMap<>();
                ((Map<?, ?>) value).forEach((key, item) -> sorted.put(key.toString(), item));
                String separator = "{";
                for (Map.Entry<String, Object> entry : sorted.entrySet()) {
                    out.append(separator);
                    quote(entry.getKey(), out);
                    out.append(':');
                    show(data, schema.getValueType(), entry.getValue(), out);
                    separator = ",";
                }
                out.append(sorted.isEmpty() ? "{}" : "}");
                break;
            case RECORD:
                out.append('{');
                for (Schema.Field field : schema.getFields()) {
                    if (field.pos() > 0) {
                        out.append(',');
                    }
                    quote(field.name(), out);
                    out.append(':');
                    show(data, field.schema(), ((IndexedRecord) value).get(field.pos()), out);
                }
                out.append('}');
                break;
            default:
                throw new IllegalArgumentException("no canonical form for " + schema.getType());
        }
    }

    static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte b : bytes) {
            out.append(Character.forDigit((b >> 4) & 15, 16)).append(Character.forDigit(b & 15, 16));
        }
        return out.toString();
    }

    static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); ++i) {
            char c = text.charAt(i);
            int escape = "\"\\\b\f\n\r\t".indexOf(c);
            if (escape >= 0) {
                out.append('\\').append("\"\\bfnrt".charAt(escape));
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    // ---- Lines to values ----

    static void write(String schemaFile, String lines, String codec, String file) throws IOException {
        Schema schema = new Schema.Parser().parse(new File(schemaFile));
        ObjectMapper mapper = new ObjectMapper();
        try (DataFileWriter<Object> writer = new DataFileWriter<>(new GenericDatumWriter<>(schema));
                BufferedReader source = Files.newBufferedReader(Paths.get(lines), StandardCharsets.UTF_8)) {
            writer.setCodec(CodecFactory.fromString(codec));
            writer.create(schema, new File(file));
            for (String line = source.readLine(); line != null; line = source.readLine()) {
                writer.append(parse(schema, mapper.readTree(line)));
            }
        }
    }

    // What the library takes for a value in canonical form.
    static Object parse(Schema schema, JsonNode json) {
        switch (schema.getType()) {
            case UNION:
                String name = json.isNull() ? "null" : json.getFieldNames().next();
                Schema branch = schema.getTypes().get(schema.getIndexNamed(name));
                return parse(branch, json.isNull() ? json : json.get(name));
            case NULL:
                return null;
            case BOOLEAN:
                return json.getBooleanValue();
            case INT:
                return json.getIntValue();
            case LONG:
                return Long.parseLong(json.getTextValue());
            case FLOAT:
                return json.getTextValue().equals("NaN") ? Float.NaN
                    : Float.intBitsToFloat(Integer.parseUnsignedInt(json.getTextValue(), 16));
            case DOUBLE:
                return json.getTextValue().equals("NaN") ? Double.NaN
                    : Double.longBitsToDouble(Long.parseUnsignedLong(json.getTextValue(), 16));
            case BYTES:
                return ByteBuffer.wrap(bytes(json.getTextValue()));
            case FIXED:
                return new GenericData.Fixed(schema, bytes(json.getTextValue()));
            case STRING:
                return json.getTextValue();
            case ENUM:
                return new GenericData.EnumSymbol(schema, json.getTextValue());
            case ARRAY:
                List<Object> items = new ArrayList<>();
                for (JsonNode item : json) {
                    items.add(parse(schema.getElementType(), item));
                }
                return items;
            case MAP:
                Map<String, Object> map = new HashMap<>();
                json.getFields().forEachRemaining(entry -> map.put(entry.getKey(), parse(schema.getValueType(), entry.getValue())));
                return map;
            case RECORD:
                GenericData.Record record = new GenericData.Record(schema);
                for (Schema.Field field : schema.getFields()) {
                    record.put(field.pos(), parse(field.schema(), json.get(field.name())));
                }
                return record;
            default:
                throw new IllegalArgumentException("no canonical form for " + schema.getType());
        }
    }

    static byte[] bytes(String hex) {
        byte[] out = new byte[hex.length() / 2];
        for (int i = 0; i < out.length; ++i) {
            out[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return out;
    }
}
