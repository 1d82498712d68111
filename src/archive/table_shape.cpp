// Implements table_shape.hpp.
#include "archive/table_shape.hpp"

#include <cstring>

namespace ferry {
namespace {

using avro::Kind;

constexpr int32_t epoch_days = POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE;
constexpr int64_t epoch_micros = int64_t{epoch_days} * USECS_PER_DAY;
constexpr int most_decimal_digits = 38;  // what Spark, Hive and DuckDB can hold

Kind kind_of(Oid type) {
    switch (type) {
        case BOOLOID:
            return Kind::boolean;
        case INT2OID:
        case INT4OID:
            return Kind::int32;
        case INT8OID:
        case OIDOID:
            return Kind::int64;
        case FLOAT4OID:
            return Kind::float32;
        case FLOAT8OID:
            return Kind::float64;
        case BYTEAOID:
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

// numeric(p,s) as Avro's decimal where other readers can hold it; a scale outside 0 to p stays text.
void shape_numeric(avro::Column &column) {
    if (column.typmod < static_cast<int32_t>(VARHDRSZ)) return;
    const int32_t packed = column.typmod - static_cast<int32_t>(VARHDRSZ);
    const int precision = (packed >> 16) & 0xFFFF;
    const int scale = ((packed & 0x7FF) ^ 1024) - 1024;
    if (precision > most_decimal_digits || scale < 0 || scale > precision) return;
    column.kind = Kind::decimal;
    column.precision = precision;
    column.scale = scale;
}

std::string collation_name(Oid collation) {
    if (!OidIsValid(collation)) return {};
    const char *name = pg_call([&] { return get_collation_name(collation); });
    return name != nullptr ? name : "";
}

avro::Column describe_column(const FormData_pg_attribute *attribute) {
    avro::Column column;
    column.name = NameStr(attribute->attname);
    column.pg_type = pg_call([&] { return format_type_be_qualified(attribute->atttypid); });
    column.typmod = attribute->atttypmod;
    column.collation = collation_name(attribute->attcollation);
    column.not_null = attribute->attnotnull;
    column.kind = kind_of(attribute->atttypid);
    if (attribute->atttypid == NUMERICOID) shape_numeric(column);
    return column;
}

bool passes_as_text(Oid type) {
    return type == TEXTOID || type == VARCHAROID || type == BPCHAROID;
}

}  // namespace

avro::Table describe_table(Relation rel) {
    avro::Table table;
    table.database = pg_call([] { return static_cast<const char *>(get_database_name(MyDatabaseId)); });
    table.schema =
        pg_call([&] { return static_cast<const char *>(get_namespace_name(RelationGetNamespace(rel))); });
    table.name = RelationGetRelationName(rel);
    for (int i = 0; i < RelationGetDescr(rel)->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(RelationGetDescr(rel), i);
        if (!attribute->attisdropped) table.columns.push_back(describe_column(attribute));
    }
    return table;
}

FieldMaker::FieldMaker(TupleDesc descriptor, const avro::Table &table) {
    int attribute = 0;
    for (const avro::Column &column : table.columns) {
        while (TupleDescAttr(descriptor, attribute)->attisdropped) ++attribute;
        const Oid type = TupleDescAttr(descriptor, attribute)->atttypid;
        FmgrInfo *output = pg_call([&] {
            Oid function;
            bool varlena;
            getTypeOutputInfo(type, &function, &varlena);
            auto *info = static_cast<FmgrInfo *>(palloc0(sizeof(FmgrInfo)));
            fmgr_info(function, info);
            return info;
        });
        items_.push_back({attribute++, column.kind, type, output});
    }
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

void FieldMaker::make_field(const Item &item, Datum value, Field &field) const {
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
            field.integer = item.type == OIDOID ? int64_t{DatumGetObjectId(value)} : DatumGetInt64(value);
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
            const bytea *bytes = DatumGetByteaPP(value);
            field.kind = Field::Kind::bytes;
            field.text = {VARDATA_ANY(bytes), static_cast<size_t>(VARSIZE_ANY_EXHDR(bytes))};
            return;
        }
        default:
            return make_text(item, value, field);
    }
}

void FieldMaker::make_text(const Item &item, Datum value, Field &field) const {
    field.kind = Field::Kind::text;
    if (passes_as_text(item.type)) {
        const text *plain = DatumGetTextPP(value);
        field.text = {VARDATA_ANY(plain), static_cast<size_t>(VARSIZE_ANY_EXHDR(plain))};
    } else {
        const char *written = OutputFunctionCall(item.output, value);
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
