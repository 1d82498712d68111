// Values as the text that PostgreSQL's input functions take: dates and times in ISO form, intervals, arrays
// and composites with their quotes. No session setting changes what these texts mean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::avro {

// Each appends. Days count from 1970-01-01, microseconds from midnight or from 1970-01-01 00:00; years before
// 1 are written as BC. Values beyond PostgreSQL's range are written all the same.
void append_date(std::string &out, int64_t days);
void append_time(std::string &out, int64_t micros);
// `between` stands between date and time, `zone` behind the time.
void append_timestamp(std::string &out, int64_t micros, char between, std::string_view zone);
// Every part with its sign, so that IntervalStyle does not matter.
void append_interval(std::string &out, int64_t months, int64_t days, int64_t micros);
// The shortest form that reads back the same; "NaN", "Infinity" and "-Infinity".
void append_real(std::string &out, double value);
void append_real(std::string &out, float value);
void append_number(std::string &out, int64_t value);
// "\x" and two digits per byte.
void append_hex(std::string &out, std::string_view bytes);

// Puts quotes around what stands in `out` from `start`, an item of an array or a field of a composite, where
// its text needs them (array_out in arrayfuncs.c, record_out in rowtypes.c).
void quote_item(std::string &out, size_t start, char delimiter);
void quote_field(std::string &out, size_t start);
// The same for a key or value of hstore (hstore_out in hstore_io.c), which always have quotes.
void quote_text(std::string &out, size_t start);

}  // namespace ferry::avro
