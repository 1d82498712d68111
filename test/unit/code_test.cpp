// Tests of code.hpp: the table is complete and well-formed, and SQLSTATEs of the server find their class.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string_view>

#include "core/code.hpp"

using namespace ferry;
using std::string_view;

BOOST_AUTO_TEST_SUITE(code)

BOOST_AUTO_TEST_CASE(every_code_has_a_name_and_a_sqlstate) {
    std::set<string_view> names;
    for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
        const CodeInfo &info = code_info(static_cast<Code>(i));
        BOOST_CHECK(info.code == static_cast<Code>(i));
        BOOST_CHECK(names.insert(info.name).second);
        BOOST_CHECK(!info.name.empty() && std::all_of(info.name.begin(), info.name.end(), [](char c) {
            return c == '_' || (c >= 'a' && c <= 'z');
        }));
        BOOST_CHECK(info.sqlstate.size() == 5 &&
                    std::all_of(info.sqlstate.begin(), info.sqlstate.end(),
                                [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }));
    }
    BOOST_CHECK_EQUAL(code_info(Code::not_null).name, "not_null");
    BOOST_CHECK_EQUAL(code_info(Code::invalid_datetime).sqlstate, "22007");
    BOOST_CHECK(code_info(Code::nul_character).cls == ErrorClass::encoding);
}

// A fault of ours and the server's error of the same SQLSTATE land in the same class.
BOOST_AUTO_TEST_CASE(row_faults_and_sqlstates_agree) {
    for (const Code c : {Code::too_few_fields, Code::record_too_long, Code::invalid_encoding,
                         Code::nul_character, Code::untranslatable, Code::invalid_text,
                         Code::invalid_datetime, Code::out_of_range, Code::too_long, Code::not_null,
                         Code::check, Code::unique, Code::foreign_key, Code::exclusion, Code::no_privilege})
        BOOST_CHECK(class_of_sqlstate(code_info(c).sqlstate) == code_info(c).cls);
    BOOST_CHECK(class_of_sqlstate("P0001") == ErrorClass::trigger);
    BOOST_CHECK(class_of_sqlstate("") == ErrorClass::trigger);
}

BOOST_AUTO_TEST_CASE(classes_have_the_names_of_the_reject_log) {
    BOOST_CHECK_EQUAL(class_name(ErrorClass::structure), "structure");
    BOOST_CHECK_EQUAL(class_name(ErrorClass::type), "type");
    BOOST_CHECK_EQUAL(class_name(ErrorClass::foreign_key), "foreign_key");
    BOOST_CHECK_EQUAL(class_name(ErrorClass::trigger), "trigger");
    BOOST_CHECK_EQUAL(class_name(ErrorClass::privilege), "privilege");
}

BOOST_AUTO_TEST_SUITE_END()
