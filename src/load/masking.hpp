// The reject log without the values of refused rows, for data that must not lie there in the clear: what is
// left of an error says which column and constraint, and why, but nothing of the data.
#pragma once

#include "load/reject.hpp"

namespace ferry {

// The error without its value. Its message is kept where it never quotes data, and else told in words of
// ours, because the server's may quote any part of the row.
RowError masked(const RowError &error);

}  // namespace ferry
