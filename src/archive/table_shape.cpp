// Implements table_shape.hpp. A column's type is taken apart down to scalars; what would become too deep or
// too wide for other readers travels as text.
#include "archive/table_shape.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "core/avro/decimal.hpp"
#include "core/avro/encoder.hpp"
#include "server/compat.hpp"
#include "server/sql.hpp"

namespace ferry {
namespace {

using avro::Kind;
using avro::Notation;

constexpr int32_t epoch_days = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
constexpr int64_t epoch_micros = int64_t{epoch_days} * USECS_PER_DAY;
constexpr int most_decimal_digits = 38;  // what Spark, Hive and DuckDB can hold
constexpr int money_digits = 19;         // of a 64-bit integer

// Two levels of Avro for each of ours, and three types for each part: both stay far below avro::Limits.
constexpr int most_levels = 24;
constexpr size_t most_parts = 25'000;

Kind kind_of(Oid type) {
    switch (type) {
        case BOOLOID:
            return Kind::boolean;
        case INT2OID:
        case INT4OID:
            return Kind::int32;
        case INT8OID:
        case OIDOID:
        case XIDOID:
        case CIDOID:
            return Kind::int64;
        case FLOAT4OID:
            return Kind::float32;
        case FLOAT8OID:
            return Kind::float64;
        case BYTEAOID:
        case CHAROID:
            return Kind::bytes;
        case UUIDOID:
            return Kind::uuid;
        case DATEOID:
            return Kind::date;
        case TIMEOID:
            return Kind::time_micros;
        case TIMESTAMPTZOID:
            return Kind::timestamp_micros;
        case TIMESTAMPOID:
            return Kind::local_timestamp_micros;
        default:
            return Kind::string;
    }
}

// The type of that extension, in whatever schema it is.
bool is_hstore(Oid type) {
    if (type < FirstNormalObjectId) return false;
    return pg_call([&] {
        const char *name = get_extension_name(getExtensionOfObject(TypeRelationId, type));
        return name != nullptr && strcmp(name, "hstore") == 0;
    });
}

Notation notation_of(Oid type) {
    switch (type) {
        case JSONOID:
        case JSONBOID:
            return Notation::json;
        case BYTEAOID:
            return Notation::hex;
        case CHAROID:
            return Notation::bytes;
        case MONEYOID:
            return Notation::money;
        default:
            return is_hstore(type) ? Notation::hstore : Notation::plain;
    }
}

// numeric(p,s) as Avro's decimal where other readers can hold it. Avro knows no negative scale and none above
// the precision: more digits make room for both.
void shape_numeric(avro::Column &column, int32_t typmod) {
    if (typmod < static_cast<int32_t>(VARHDRSZ)) return;
    const int32_t packed = typmod - static_cast<int32_t>(VARHDRSZ);
    int precision = (packed >> 16) & 0xFFFF;
    int scale = ((packed & 0x7FF) ^ 1024) - 1024;
    if (scale < 0) {
        precision -= scale;
        scale = 0;
    }
    precision = std::max(precision, scale);
    if (precision > most_decimal_digits) return;
    column.kind = Kind::decimal;
    column.precision = precision;
    column.scale = scale;
}

// Source: cash_in in cash.c.
void shape_money(avro::Column &column) {
    const struct lconv *locale = pg_call([] { return PGLC_localeconv(); });
    const char *point = locale->mon_decimal_point;
    const int digits = locale->frac_digits;
    column.kind = Kind::decimal;
    column.precision = money_digits;
    column.scale = digits < 0 || digits > 10 ? 2 : digits;
    column.decimal_point = point[0] != '\0' && point[1] == '\0' ? point[0] : '.';
}

void shape_interval(avro::Column &column) {
    column.kind = Kind::record;
    column.record_schema = "pg_catalog";
    column.record_name = column.pg_type = avro::interval_type;
    const auto add = [&](const char *name, Kind kind) {
        avro::Column part;
        part.name = name;
        part.kind = kind;
        part.not_null = true;
        column.parts.push_back(std::move(part));
    };
    add("months", Kind::int32);
    add("days", Kind::int32);
    add("micros", Kind::int64);
}

std::vector<std::string> labels_of(Oid type) {
    std::vector<std::string> labels;
    for (TextRow &row :
         query("SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid OPERATOR(pg_catalog.=) " +
               std::to_string(type) + " ORDER BY enumsortorder USING OPERATOR(pg_catalog.<)"))
        labels.push_back(std::move(row[0].value()));
    return labels;
}

std::string type_name(Oid type) {
    return pg_call([&] { return format_type_be_qualified(type); });
}

std::string collation_name(Oid collation) {
    if (!OidIsValid(collation)) return {};
    const char *name = pg_call([&] { return get_collation_name(collation); });
    return name != nullptr ? name : "";
}

// The type of an array's items; invalid for the two that look like arrays and count from zero.
Oid item_type_of(Oid type) {
    if (type == INT2VECTOROID || type == OIDVECTOROID) return InvalidOid;
    return pg_call([&] { return get_element_type(type); });
}

bool is_composite(Oid type) {
    return pg_call([&] { return get_typtype(type) == TYPTYPE_COMPOSITE; });
}

bool is_enum(Oid type) {
    return pg_call([&] { return get_typtype(type) == TYPTYPE_ENUM; });
}

TupleDesc copy_descriptor(Oid type) {
    return pg_call([&] { return lookup_rowtype_tupdesc_copy(type, -1); });
}

// Takes the types of one table's columns apart.
class Describer {
  public:
    avro::Column describe(const FormData_pg_attribute *attribute) {
        const size_t before = parts_;
        avro::Column column = start(attribute);
        if (!shape(column, attribute->atttypid, attribute->atttypmod, 1)) {
            parts_ = before;
            column.kind = Kind::string;
            column.parts.clear();
        }
        return column;
    }

    avro::Column describe(Oid type) {
        avro::Column column;
        if (!shape(column, type, -1, 1))
            fail({Code::unsupported, "type " + type_name(type) + " has too many parts"});
        return column;
    }

  private:
    static avro::Column start(const FormData_pg_attribute *attribute) {
        avro::Column column;
        column.name = NameStr(attribute->attname);
        column.collation = collation_name(attribute->attcollation);
        column.not_null = attribute->attnotnull;
        return column;
    }

    // False when there is too much of it.
    bool shape(avro::Column &column, Oid type, int32_t typmod, int level) {
        if (level > most_levels || ++parts_ > most_parts) return false;
        const Oid base = pg_call([&] { return getBaseTypeAndTypmod(type, &typmod); });
        if (base != type) column.domain = type_name(type);
        column.pg_type = type_name(base);
        column.typmod = typmod;
        column.kind = kind_of(base);
        column.notation = notation_of(base);
        if (base == NUMERICOID) shape_numeric(column, typmod);
        if (base == MONEYOID) shape_money(column);
        if (base == INTERVALOID) shape_interval(column);
        if (is_enum(base)) column.labels = labels_of(base);
        if (is_composite(base)) return shape_composite(column, base, level);
        const Oid item = item_type_of(base);
        return !OidIsValid(item) || shape_array(column, item, typmod, level);
    }

    bool shape_array(avro::Column &column, Oid item, int32_t typmod, int level) {
        column.kind = Kind::array;
        column.delimiter = pg_call([&] {
            int16 length;
            bool by_value;
            char align, delimiter;
            Oid parameter, function;
            get_type_io_data(item, IOFunc_output, &length, &by_value, &align, &delimiter, &parameter,
                             &function);
            return delimiter;
        });
        column.parts.emplace_back();
        return shape(column.parts[0], item, typmod, level + 1);
    }

    bool shape_composite(avro::Column &column, Oid type, int level) {
        const Oid relid = pg_call([&] { return get_typ_typrelid(type); });
        const TupleDesc descriptor = copy_descriptor(type);
        column.kind = Kind::record;
        column.record_schema =
            pg_call([&] { return static_cast<const char *>(get_namespace_name(get_rel_namespace(relid))); });
        column.record_name = pg_call([&] { return static_cast<const char *>(get_rel_name(relid)); });
        for (int i = 0; i < descriptor->natts; ++i) {
            const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
            if (attribute->attisdropped) continue;
            avro::Column part = start(attribute);
            part.not_null = false;  // a table's own rule, not its row type's
            if (!shape(part, attribute->atttypid, attribute->atttypmod, level + 1)) return false;
            column.parts.push_back(std::move(part));
        }
        return true;
    }

    size_t parts_ = 0;
};

bool passes_as_text(Oid type) {
    return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

// A function's or operator's name where it leads back to it; its number where several have the name.
const char *unless_ambiguous(PGFunction lookup, const char *name, Oid oid) {
    if (!OidIsValid(oid)) return name;
    LOCAL_FCINFO(call, 1);
    InitFunctionCallInfoData(*call, nullptr, 1, InvalidOid, nullptr, nullptr);
    call->args[0].value = CStringGetTextDatum(name);
    call->args[0].isnull = false;
    const Datum found = lookup(call);
    return !call->isnull && DatumGetObjectId(found) == oid ? name : psprintf("%u", oid);
}

}  // namespace

avro::Table describe_table(Relation rel) {
    avro::Table table;
    Describer describer;
    table.database = pg_call([] { return static_cast<const char *>(get_database_name(MyDatabaseId)); });
    table.schema =
        pg_call([&] { return static_cast<const char *>(get_namespace_name(RelationGetNamespace(rel))); });
    table.name = RelationGetRelationName(rel);
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped) table.columns.push_back(describer.describe(attribute));
    }
    return table;
}

avro::Column describe_row_type(Oid type) {
    return Describer().describe(type);
}

std::vector<avro::Column> pick_columns(const avro::Table &table, std::span<const std::string> names) {
    std::vector<avro::Column> columns;
    for (const std::string &name : names)
        for (const avro::Column &column : table.columns)
            if (column.name == name) columns.push_back(column);
    return columns;
}

FieldMaker::FieldMaker(TupleDesc descriptor, const avro::Table &table) {
    items_ = plan_parts(descriptor, table.columns);
}

std::vector<FieldMaker::Item> FieldMaker::plan_parts(TupleDesc descriptor,
                                                     const std::vector<avro::Column> &columns) {
    std::vector<Item> items;
    int attribute = 0;
    for (const avro::Column &column : columns) {
        while (TupleDescAttr(descriptor, attribute)->attisdropped) ++attribute;
        items.push_back(plan(column, TupleDescAttr(descriptor, attribute)->atttypid));
        items.back().attribute = attribute++;
    }
    return items;
}

FieldMaker::Item FieldMaker::plan(const avro::Column &column, Oid type) {
    Item item{};
    item.kind = column.kind;
    item.precision = column.precision;
    item.scale = column.scale;
    item.type = pg_call([&] { return getBaseType(type); });
    item.output = pg_call([&] {
        Oid function;
        bool varlena;
        getTypeOutputInfo(item.type, &function, &varlena);
        auto *info = static_cast<FmgrInfo *>(palloc0(sizeof(FmgrInfo)));
        fmgr_info(function, info);
        return info;
    });
    if (column.kind == Kind::array) {
        const Oid part = item_type_of(item.type);
        item.parts.push_back(plan(column.parts[0], part));
        pg_call([&] { get_typlenbyvalalign(part, &item.length, &item.by_value, &item.align); });
    } else if (column.kind == Kind::record && item.type != INTERVALOID) {
        item.descriptor = copy_descriptor(item.type);
        item.parts = plan_parts(item.descriptor, column.parts);
    }
    return item;
}

void FieldMaker::make(const Datum *values, const bool *nulls, Field *row) const {
    for (const Item &item : items_) {
        Field &field = *row++;
        if (nulls[item.attribute])
            field.kind = Field::Kind::null;
        else
            make_field(item, values[item.attribute], field);
    }
}

void FieldMaker::make_field(const Item &item, Datum value, Field &field) {
    field.kind = Field::Kind::integer;
    switch (item.kind) {
        case Kind::boolean:
            field.kind = Field::Kind::boolean;
            field.integer = DatumGetBool(value) ? 1 : 0;
            return;
        case Kind::int32:
            field.integer = item.type == INT2OID ? DatumGetInt16(value) : DatumGetInt32(value);
            return;
        case Kind::int64:
            field.integer = item.type == INT8OID ? DatumGetInt64(value) : int64_t{DatumGetUInt32(value)};
            return;
        case Kind::float32:
        case Kind::float64:
            field.kind = Field::Kind::real;
            field.real = item.kind == Kind::float32 ? static_cast<double>(DatumGetFloat4(value))
                                                    : DatumGetFloat8(value);
            return;
        case Kind::date:
            if (DATE_NOT_FINITE(DatumGetDateADT(value))) return make_text(item, value, field);
            field.integer = int64_t{DatumGetDateADT(value)} + epoch_days;
            return;
        case Kind::time_micros:
            if (DatumGetTimeADT(value) >= USECS_PER_DAY) return make_text(item, value, field);
            field.integer = DatumGetTimeADT(value);
            return;
        case Kind::timestamp_micros:
        case Kind::local_timestamp_micros: {
            // The last ten thousand days of PostgreSQL's range lie beyond 64-bit microseconds from 1970.
            int64_t micros;
            if (TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value)) ||
                __builtin_add_overflow(DatumGetTimestamp(value), epoch_micros, &micros))
                return make_text(item, value, field);
            field.integer = micros;
            return;
        }
        case Kind::bytes: {
            if (item.type == CHAROID) return make_char(value, field);
            const bytea *bytes = DatumGetByteaPP(value);
            field.kind = Field::Kind::bytes;
            field.text = {VARDATA_ANY(bytes), static_cast<size_t>(VARSIZE_ANY_EXHDR(bytes))};
            return;
        }
        case Kind::decimal:
            return make_decimal(item, value, field);
        case Kind::array:
        case Kind::record:
            return make_nested(item, value, field);
        default:
            return make_text(item, value, field);
    }
}

void FieldMaker::make_char(Datum value, Field &field) {
    char *byte = static_cast<char *>(palloc(1));
    *byte = DatumGetChar(value);
    field.kind = Field::Kind::bytes;
    field.text = {byte, 1};
}

void FieldMaker::make_decimal(const Item &item, Datum value, Field &field) {
    if (item.type == MONEYOID) {
        field.integer = DatumGetInt64(value);
        return;
    }
    const varlena *image = PG_DETOAST_DATUM_PACKED(value);
    const auto unscaled = avro::read_numeric(
        {VARDATA_ANY(image), static_cast<size_t>(VARSIZE_ANY_EXHDR(image))}, item.precision, item.scale);
    if (!unscaled) return make_text(item, value, field);
    field.integer = static_cast<int64_t>(*unscaled);
    if (field.integer == *unscaled) return;
    char *bytes = static_cast<char *>(palloc(1 + avro::max_decimal_bytes));
    const char *end = avro::put_unscaled(bytes + 1, *unscaled);
    *bytes = static_cast<char>(avro::zigzag(end - (bytes + 1)));
    field.kind = Field::Kind::encoded;
    field.text = {bytes, static_cast<size_t>(end - bytes)};
}

void FieldMaker::make_nested(const Item &item, Datum value, Field &field) {
    StringInfoData out;
    initStringInfo(&out);
    if (!append_value(item, value, &out)) {
        pfree(out.data);
        return make_text(item, value, field);
    }
    field.kind = Field::Kind::encoded;
    field.text = {out.data, static_cast<size_t>(out.len)};
}

// Appends the value in Avro's binary form; false when there is a value in it that its type cannot hold.
bool FieldMaker::append_value(const Item &item, Datum value, StringInfo out) {
    if (item.kind == Kind::array) return append_array(item, value, out);
    if (item.type == INTERVALOID) return append_interval(value, out);
    if (item.kind == Kind::record) return append_record(item, value, out);
    Field field;
    make_field(item, value, field);
    // Text has one NaN only, and what is nested comes back through text.
    if (field.kind == Field::Kind::real && std::isnan(field.real))
        field.real = std::numeric_limits<double>::quiet_NaN();
    enlargeStringInfo(out, static_cast<int>(avro::value_room(field)));
    const char *end = avro::put_value(item.kind, item.precision, item.scale, field, out->data + out->len);
    if (end == nullptr) return false;
    out->len = static_cast<int>(end - out->data);
    if (field.kind == Field::Kind::text && !passes_as_text(item.type))
        pfree(const_cast<char *>(field.text.data()));
    return true;
}

void FieldMaker::append_number(int64_t number, StringInfo out) {
    enlargeStringInfo(out, static_cast<int>(avro::max_varint));
    out->len = static_cast<int>(avro::put_long(out->data + out->len, number) - out->data);
}

// A value of the union of null and its type.
bool FieldMaker::append_part(const Item &item, Datum value, bool null, StringInfo out) {
    append_number(null ? 0 : 1, out);
    return null || append_value(item, value, out);
}

// Avro's arrays have one dimension and no lower bound: others travel as text.
bool FieldMaker::append_array(const Item &item, Datum value, StringInfo out) {
    ArrayType *array = DatumGetArrayTypeP(value);
    if (ARR_NDIM(array) > 1 || (ARR_NDIM(array) == 1 && ARR_LBOUND(array)[0] != 1)) return false;
    const Item &part = item.parts[0];
    Datum *values;
    bool *nulls;
    int count;
    deconstruct_array(array, ARR_ELEMTYPE(array), item.length, item.by_value, item.align, &values, &nulls,
                      &count);
    if (count > 0) append_number(count, out);
    for (int i = 0; i < count; ++i) {
        if (i % 1024 == 0) CHECK_FOR_INTERRUPTS();
        if (!append_part(part, values[i], nulls[i], out)) return false;
    }
    append_number(0, out);
    pfree(values);
    pfree(nulls);
    return true;
}

bool FieldMaker::append_interval(Datum value, StringInfo out) {
    const Interval *interval = DatumGetIntervalP(value);
    if (compat::is_infinite(interval)) return false;
    append_number(interval->month, out);
    append_number(interval->day, out);
    append_number(interval->time, out);
    return true;
}

bool FieldMaker::append_record(const Item &item, Datum value, StringInfo out) {
    HeapTupleHeader header = DatumGetHeapTupleHeader(value);
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    tuple.t_data = header;
    const auto attributes = static_cast<size_t>(item.descriptor->natts);
    auto *values = static_cast<Datum *>(palloc(attributes * sizeof(Datum)));
    auto *nulls = static_cast<bool *>(palloc(attributes * sizeof(bool)));
    heap_deform_tuple(&tuple, item.descriptor, values, nulls);
    for (const Item &part : item.parts)
        if (!append_part(part, values[part.attribute], nulls[part.attribute], out)) return false;
    pfree(values);
    pfree(nulls);
    return true;
}

void FieldMaker::make_text(const Item &item, Datum value, Field &field) {
    field.kind = Field::Kind::text;
    if (passes_as_text(item.type)) {
        const text *plain = DatumGetTextPP(value);
        field.text = {VARDATA_ANY(plain), static_cast<size_t>(VARSIZE_ANY_EXHDR(plain))};
    } else {
        const char *written = OutputFunctionCall(item.output, value);
        if (item.type == REGPROCOID) written = unless_ambiguous(to_regproc, written, DatumGetObjectId(value));
        if (item.type == REGOPEROID) written = unless_ambiguous(to_regoper, written, DatumGetObjectId(value));
        field.text = {written, std::strlen(written)};
    }
}

OutputSettings::OutputSettings()
    : level_(pg_call([] {
          const int level = NewGUCNestLevel();
          const auto pin = [](const char *name, const char *value) {
              (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                                      false);
          };
          pin("datestyle", "ISO");
          pin("intervalstyle", "postgres");
          pin("extra_float_digits", "3");
          pin("bytea_output", "hex");
          pin("timezone", "UTC");
          pin("lc_monetary", "C");
          pin("search_path", "pg_catalog");
          return level;
      })) {}

void OutputSettings::restore() {
    pg_call([&] { AtEOXact_GUC(true, level_); });
}

}  // namespace ferry
