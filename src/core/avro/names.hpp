// Names that every Avro reader takes (specification, "Names"), made from SQL names, which may be anything.
// Legal names stay as they are; the original always travels in the property pg.name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::avro {

// True for [A-Za-z_][A-Za-z0-9_]*.
bool is_legal_name(std::string_view name) noexcept;

// True for legal names joined by dots.
bool is_legal_full_name(std::string_view name) noexcept;

// The name itself when legal; else with each offending code point written as _uXXXX (four to six upper-case
// hexadecimal digits). A byte that is not UTF-8 counts as a code point. Never empty.
std::string sanitize_name(std::string_view name);

// Names for the fields of one record, in order and distinct even where case is ignored, as Hive, Spark and
// BigQuery do. Legal names come first; whoever clashes gets _2, _3 and so on.
std::vector<std::string> sanitize_names(std::span<const std::string_view> names);

// The name with the letters A to Z in lower case: names that are equal then clash.
std::string fold(std::string_view name);

// "database.schema" with both parts sanitized.
std::string make_namespace(std::string_view database, std::string_view schema);

}  // namespace ferry::avro
