// Implements row_checker.hpp. Where the server can raise, a batch runs in one subtransaction that writes
// nothing; after an error the next one goes on behind the culprit, so clean input pays for one and each bad
// cell for one more.
#include "load/row_checker.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/text.hpp"
#include "load/source.hpp"
#include "server/relation.hpp"

namespace ferry {
namespace {

// A record with this fault has no fields to speak of; what they lack is not told as well.
bool hides_fields(Code code) {
    return code == Code::too_few_fields || code == Code::too_many_fields ||
           code == Code::unterminated_quote || code == Code::stray_quote || code == Code::record_too_long ||
           code == Code::not_an_object;
}

}  // namespace

namespace {

// A NULL that the domain has to accept, for a column without a default; null when its type is no domain.
// Source: rewriteTargetListIU in rewriteHandler.c.
Node *null_of_domain(const FormData_pg_attribute *attribute) {
    int32 typmod = attribute->atttypmod;
    const Oid base = getBaseTypeAndTypmod(attribute->atttypid, &typmod);
    if (base == attribute->atttypid) return nullptr;
    auto *constant = reinterpret_cast<Node *>(makeConst(
        base, typmod, attribute->attcollation, attribute->attlen, Datum{0}, true, attribute->attbyval));
    return coerce_to_domain(constant, base, typmod, attribute->atttypid, COERCION_IMPLICIT,
                            COERCE_IMPLICIT_CAST, -1, false);
}

}  // namespace

RowChecker::RowChecker(ExecutorTable &table, std::vector<PlannedColumn> columns, Duties duties,
                       const value::DateFormat *date_format, bool strict)
    : table_(table), columns_(std::move(columns)), duties_(duties), strict_(strict), maker_(date_format) {
    const TupleConstr *constraints = RelationGetDescr(table_.rel())->constr;
    generated_ = constraints != nullptr && constraints->has_generated_stored && duties_.constraints;
    plan_defaults();
    if (duties_.constraints) plan_checks();
}

void RowChecker::plan_defaults() {
    const TupleDesc descriptor = RelationGetDescr(table_.rel());
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
        if (attribute->attisdropped || attribute->attgenerated != '\0') continue;
        Default item{attribute->attnum, -1, nullptr};
        for (size_t c = 0; c < columns_.size(); ++c)
            if (columns_[c].number == attribute->attnum) item.column = static_cast<int>(c);
        if (item.column < 0 && !duties_.other_defaults) continue;
        item.expression = pg_call([&]() -> ExprState * {
            Node *expression = build_column_default(table_.rel(), attribute->attnum);
            if (expression == nullptr) expression = null_of_domain(attribute);
            if (expression == nullptr) return nullptr;
            return ExecPrepareExpr(reinterpret_cast<Expr *>(expression), table_.estate());
        });
        if (item.expression != nullptr) defaults_.push_back(item);
    }
}

void RowChecker::plan_checks() {
    const TupleConstr *constraints = RelationGetDescr(table_.rel())->constr;
    if (constraints == nullptr) return;
    for (int i = 0; i < constraints->num_check; ++i) {
        const ConstrCheck &check = constraints->check[i];
        ExprState *expression = pg_call(
            [&] { return ExecPrepareExpr(static_cast<Expr *>(stringToNode(check.ccbin)), table_.estate()); });
        checks_.push_back({check.ccname, expression, columns_of_check(check.ccbin)});
    }
}

// A key may name a column that cannot be given.
void RowChecker::tell_generated_column(RowError &error) const {
    const TupleDesc descriptor = RelationGetDescr(table_.rel());
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
        if (attribute->attisdropped || attribute->attgenerated == '\0' ||
            error.column_name != NameStr(attribute->attname))
            continue;
        error.sqlstate = code_info(Code::generated_column).sqlstate;
        error.message = "cannot insert a value into column \"" + std::string(error.column_name) +
                        "\": it is a generated column";
    }
}

// The columns that a CHECK looks at, as positions in the load.
std::vector<int> RowChecker::columns_of_check(const char *expression) const {
    Bitmapset *members = pg_call([&] {
        Bitmapset *columns = nullptr;
        pull_varattnos(static_cast<Node *>(stringToNode(expression)), 1, &columns);
        return columns;
    });
    std::vector<int> found;
    for (int member = -1; (member = bms_next_member(members, member)) >= 0;) {
        const int number = member + FirstLowInvalidHeapAttributeNumber;
        int position = -1;
        for (size_t c = 0; c < columns_.size(); ++c)
            if (columns_[c].number == number) position = static_cast<int>(c);
        found.push_back(position);
    }
    return found;
}

void RowChecker::check(const Batch &batch, std::span<TupleTableSlot *const> slots,
                       std::vector<RowError> &errors) {
    maker_.reset();
    values_.reset();
    pending_.clear();
    excused_.assign(batch.records.size() * columns_.size(), false);
    unreadable_.assign(batch.records.size(), false);
    undefaulted_.assign(batch.records.size(), false);
    const auto attributes = static_cast<size_t>(RelationGetDescr(table_.rel())->natts);
    for (uint32_t r = 0; r < batch.records.size(); ++r) {
        std::memset(slots[r]->tts_isnull, 1, attributes);
        std::memset(slots[r]->tts_values, 0, attributes * sizeof(Datum));
        const Record &record = batch.records[r];
        for (uint32_t f = 0; f < record.faults; ++f) {
            const Fault &fault = batch.faults[record.first_fault + f];
            unreadable_[r] = unreadable_[r] || hides_fields(fault.code);
            errors.push_back(describe_fault(r, fault, columns_.size()));
            if (fault.code == Code::unknown_key) tell_generated_column(errors.back());
            name_column(errors.back(), batch);
            if (fault.text.size() < record.raw.size())
                errors.back().position = offset_within(record.raw, fault.text);
        }
    }
    const size_t faults = errors.size();
    for (size_t c = 0; c < columns_.size(); ++c) convert_column(batch, c, slots, errors);
    const size_t refused = errors.size();
    ask_input_functions(batch, slots, errors);
    // Errors of values are told in the order of the columns, whoever found them.
    if (refused > faults && errors.size() > refused)
        std::ranges::stable_sort(errors.begin() + static_cast<std::ptrdiff_t>(faults), errors.end(), {},
                                 &RowError::column);
    fill_defaults(batch, slots, errors);
    for (const RowError &error : errors) {
        if (error.column >= 0)
            excused_[error.row * columns_.size() + static_cast<size_t>(error.column)] = true;
    }
    if (duties_.not_null) check_not_null(batch, slots, errors);
    pg_call([&] {
        for (size_t r = 0; r < batch.records.size(); ++r) {
            ExecStoreVirtualTuple(slots[r]);
            slots[r]->tts_tableOid = RelationGetRelid(table_.rel());
        }
    });
    if (duties_.constraints) check_constraints(batch, slots.first(batch.records.size()), errors);
}

void RowChecker::convert_column(const Batch &batch, size_t c, std::span<TupleTableSlot *const> slots,
                                std::vector<RowError> &errors) {
    const PlannedColumn &column = columns_[c];
    const int index = column.number - 1;
    const Field *field = batch.fields.data() + c;
    for (uint32_t r = 0; r < batch.records.size(); ++r, field += batch.width) {
        if (field->kind == Field::Kind::null && column.domain)
            pending_.push_back({r, static_cast<int>(c), nullptr, false});
        if (field->kind <= Field::Kind::null) continue;
        if (strict_ && !maker_.is_in_form(column, *field)) {
            errors.push_back(describe_form(batch, r, c));
            continue;
        }
        Datum value = 0;
        if (maker_.make(column, *field, value)) {
            slots[r]->tts_values[index] = value;
            slots[r]->tts_isnull[index] = false;
        } else {
            convert_other(batch, r, c, *field, errors);
        }
    }
}

// What no scanner knows: for the type's input function later on, unless it is certain what that would say.
void RowChecker::convert_other(const Batch &batch, uint32_t r, size_t c, const Field &field,
                               std::vector<RowError> &errors) {
    const PlannedColumn &column = columns_[c];
    RowError error;
    error.row = r;
    error.column = static_cast<int>(c);
    if (maker_.refuse(column, field, error)) {
        name_column(error, batch);
        errors.push_back(std::move(error));
        return;
    }
    const char *text = nullptr;
    if (field.kind == Field::Kind::json &&
        (column.form == JsonForm::array || column.form == JsonForm::object)) {
        json_values_.prepare(c, column);
        pending_.push_back({r, static_cast<int>(c), maker_.keep(JsonValues::wrap(field.token)), true});
        return;
    }
    const ValueMaker::Input input = maker_.prepare_input(column, field, text);
    if (input == ValueMaker::Input::ready) {
        pending_.push_back({r, static_cast<int>(c), text, false});
        return;
    }
    if (input == ValueMaker::Input::not_text) {
        error.cls = ErrorClass::encoding;
        error.sqlstate = code_info(Code::invalid_encoding).sqlstate;
        error.message = "bytes are not text: column \"" + column.name + "\" is of type " + column.type_name;
        error.column_name = column.name;
        error.column_type = column.type_name;
    } else {
        error.cls = ErrorClass::type;
        error.sqlstate = code_info(Code::invalid_datetime).sqlstate;
        error.message = "value is neither written as date_format says nor in ISO form: \"" +
                        std::string(clip(field.text, 100)) + "\"";
        name_column(error, batch);
    }
    errors.push_back(std::move(error));
}

RowError RowChecker::describe_form(const Batch &batch, uint32_t r, size_t c) const {
    static constexpr std::array<const char *, 6> forms{"JSON",          "a JSON number", "true or false",
                                                       "a JSON string", "a JSON array",  "a JSON object"};
    RowError error;
    error.row = r;
    error.column = static_cast<int>(c);
    error.cls = code_info(Code::wrong_json_form).cls;
    error.sqlstate = code_info(Code::wrong_json_form).sqlstate;
    error.message = "value of column \"" + columns_[c].name + "\", which is of type " +
                    columns_[c].type_name + ", must be " + forms[static_cast<size_t>(columns_[c].form)];
    error.hint = "Without strict it is converted where the type can read it.";
    name_column(error, batch);
    return error;
}

void RowChecker::ask_input_functions(const Batch &batch, std::span<TupleTableSlot *const> slots,
                                     std::vector<RowError> &errors) {
    size_t next = 0;
    const auto ask = [&] {
        for (; next < pending_.size(); ++next) {
            const Pending &cell = pending_[next];
            const PlannedColumn &column = columns_[static_cast<size_t>(cell.column)];
            CHECK_FOR_INTERRUPTS();
            char *text = const_cast<char *>(cell.text);
            TupleTableSlot *slot = slots[cell.row];
            bool null = text == nullptr;
            slot->tts_values[column.number - 1] =
                cell.json ? json_values_.make(static_cast<size_t>(cell.column), text, null)
                          : InputFunctionCall(column.input, text, column.input_parameter, column.typmod);
            slot->tts_isnull[column.number - 1] = null;
        }
    };
    while (next < pending_.size()) {
        const ContextSwitch into(values_.get());
        const ServerError *error = in_subtransaction([&] {
            pg_call(ask);
            return true;
        });
        if (error == nullptr) continue;
        const Pending &cell = pending_[next++];
        errors.push_back(describe_server_error(cell.row, cell.column, error));
        name_column(errors.back(), batch);
    }
}

void RowChecker::fill_defaults(const Batch &batch, std::span<TupleTableSlot *const> slots,
                               std::vector<RowError> &errors) {
    for (const Default &item : defaults_) {
        uint32_t next = 0;
        const auto compute = [&] {
            ExprContext *const context = GetPerTupleExprContext(table_.estate());
            for (; next < batch.records.size(); ++next) {
                if (unreadable_[next]) continue;
                if (item.column >= 0 &&
                    batch.row(next)[static_cast<size_t>(item.column)].kind != Field::Kind::absent)
                    continue;
                TupleTableSlot *slot = slots[next];
                slot->tts_values[item.number - 1] =
                    ExecEvalExpr(item.expression, context, &slot->tts_isnull[item.number - 1]);
            }
        };
        while (next < batch.records.size()) {
            const ContextSwitch into(values_.get());
            const ServerError *error = in_subtransaction([&] {
                pg_call(compute);
                return true;
            });
            if (error == nullptr) break;
            undefaulted_[next] = undefaulted_[next] || item.column < 0;
            errors.push_back(describe_server_error(next++, item.column, error));
            name_column(errors.back(), batch);
        }
    }
}

void RowChecker::check_not_null(const Batch &batch, std::span<TupleTableSlot *const> slots,
                                std::vector<RowError> &errors) {
    const TupleDesc descriptor = RelationGetDescr(table_.rel());
    if (descriptor->constr == nullptr || !descriptor->constr->has_not_null) return;
    std::vector<int> column_of(static_cast<size_t>(descriptor->natts), -1);
    for (size_t c = 0; c < columns_.size(); ++c)
        column_of[static_cast<size_t>(columns_[c].number - 1)] = static_cast<int>(c);
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
        if (!attribute->attnotnull || attribute->attisdropped || attribute->attgenerated != '\0') continue;
        const int c = column_of[static_cast<size_t>(i)];
        if (c < 0 && !duties_.other_defaults) continue;
        for (uint32_t r = 0; r < batch.records.size(); ++r) {
            if (!slots[r]->tts_isnull[i] || unreadable_[r]) continue;
            if (c >= 0 ? excused_[r * columns_.size() + static_cast<size_t>(c)] : undefaulted_[r]) continue;
            errors.push_back(describe_null(r, c, attribute));
        }
    }
}

const std::string &RowChecker::type_name(const FormData_pg_attribute *attribute) {
    type_names_.resize(static_cast<size_t>(RelationGetDescr(table_.rel())->natts));
    std::string &name = type_names_[static_cast<size_t>(attribute->attnum - 1)];
    if (name.empty()) name = type_text(attribute->atttypid, attribute->atttypmod);
    return name;
}

// The message is ExecConstraints' own (PostgreSQL: src/backend/executor/execMain.c), like those below.
RowError RowChecker::describe_null(uint32_t row, int column, const FormData_pg_attribute *attribute) {
    RowError error;
    error.row = row;
    error.column = column;
    error.cls = ErrorClass::not_null;
    error.sqlstate = code_info(Code::not_null).sqlstate;
    error.column_name = NameStr(attribute->attname);
    error.column_type = type_name(attribute);
    error.message = "null value in column \"" + std::string(error.column_name) + "\" of relation \"" +
                    RelationGetRelationName(table_.rel()) + "\" violates not-null constraint";
    return error;
}

RowError RowChecker::describe_check(uint32_t row, const Check &check, const Batch &batch) const {
    RowError error;
    error.row = row;
    error.column = check.columns.size() == 1 ? check.columns.front() : -1;
    error.cls = ErrorClass::check;
    error.sqlstate = code_info(Code::check).sqlstate;
    error.constraint = check.name;
    error.message = std::string("new row for relation \"") + RelationGetRelationName(table_.rel()) +
                    "\" violates check constraint \"" + check.name + "\"";
    name_column(error, batch);
    return error;
}

// True when the CHECK looks at a column whose value could not be made: it would judge a NULL that nobody
// sent.
bool RowChecker::looks_at_fault(uint32_t row, const Check &check) const {
    for (const int column : check.columns)
        if (column >= 0 ? excused_[row * columns_.size() + static_cast<size_t>(column)] : undefaulted_[row])
            return true;
    return false;
}

bool RowChecker::evaluate(TupleTableSlot *slot, const Check &check) const {
    ExprContext *const context = GetPerTupleExprContext(table_.estate());
    context->ecxt_scantuple = slot;
    const bool holds = ExecCheck(check.expression, context);
    ResetExprContext(context);
    return holds;
}

// Generated columns first, then the CHECKs, which may look at them.
void RowChecker::check_constraints(const Batch &batch, std::span<TupleTableSlot *const> slots,
                                   std::vector<RowError> &errors) {
    if (checks_.empty() && !generated_) return;
    constexpr size_t computing = SIZE_MAX;
    std::vector<uint32_t> failed;  // row * number of checks + check
    failed.reserve(slots.size() * checks_.size());
    uint32_t row = 0;
    size_t at = computing;
    const auto run = [&] {
        for (; row < slots.size(); ++row, at = computing) {
            CHECK_FOR_INTERRUPTS();
            if (unreadable_[row]) continue;
            if (at == computing) {
                if (generated_) compute_generated(slots[row]);
                at = 0;
            }
            for (; at < checks_.size(); ++at) {
                if (!looks_at_fault(row, checks_[at]) && !evaluate(slots[row], checks_[at]))
                    failed.push_back(static_cast<uint32_t>(row * checks_.size() + at));
            }
        }
    };
    while (row < slots.size()) {
        const ContextSwitch into(values_.get());
        const ServerError *error = in_subtransaction([&] {
            pg_call(run);
            return true;
        });
        if (error == nullptr) break;
        errors.push_back(describe_server_error(row, -1, error));
        if (at < checks_.size()) errors.back().constraint = checks_[at].name;
        // A half-made list of generation expressions must not pass for a whole one.
        if (at == computing) table_.result()->ri_GeneratedExprs = nullptr;
        ++row;
        at = computing;
    }
    for (const uint32_t f : failed)
        errors.push_back(
            describe_check(static_cast<uint32_t>(f / checks_.size()), checks_[f % checks_.size()], batch));
    if (generated_) check_generated_not_null(slots, errors);
}

// Leaves the slot's values pointing into the tuple that the server makes of it: they were in a context that
// is reset.
void RowChecker::compute_generated(TupleTableSlot *slot) const {
    ExecComputeStoredGenerated(table_.result(), table_.estate(), slot, CMD_INSERT);
    slot_getallattrs(slot);
}

void RowChecker::check_generated_not_null(std::span<TupleTableSlot *const> slots,
                                          std::vector<RowError> &errors) {
    const TupleDesc descriptor = RelationGetDescr(table_.rel());
    std::vector<bool> bad(slots.size(), false);
    for (const RowError &error : errors) bad[error.row] = true;
    for (int i = 0; i < descriptor->natts; ++i) {
        const FormData_pg_attribute *attribute = TupleDescAttr(descriptor, i);
        if (!attribute->attnotnull || attribute->attisdropped || attribute->attgenerated == '\0') continue;
        for (uint32_t r = 0; r < slots.size(); ++r)
            if (!bad[r] && slots[r]->tts_isnull[i]) errors.push_back(describe_null(r, -1, attribute));
    }
}

void RowChecker::name_column(RowError &error, const Batch &batch) const {
    if (error.column < 0) return;
    const PlannedColumn &column = columns_[static_cast<size_t>(error.column)];
    error.column_name = column.name;
    error.column_type = column.type_name;
    const Field &field = batch.row(error.row)[static_cast<size_t>(error.column)];
    if (!error.value) error.value = field_text(field);
}

}  // namespace ferry
