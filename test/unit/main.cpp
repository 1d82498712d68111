// The entry point of the unit tests. Each other file of this folder is one suite.
#define BOOST_TEST_MODULE pg_ferry
#include <boost/test/unit_test.hpp>
