// Implements spill.hpp over BufFile (PostgreSQL: src/backend/storage/file/buffile.c): each item is its
// length, then its bytes.
#include "server/spill.hpp"

#include "server/compat.hpp"

namespace ferry {

Spill::Spill() : context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {}

void Spill::append(std::string_view item) {
    pg_call([&] {
        if (file_ == nullptr) {
            const MemoryContext context = MemoryContextSwitchTo(context_);
            const ResourceOwner owner = CurrentResourceOwner;
            CurrentResourceOwner = owner_;
            PrepareTempTablespaces();
            file_ = BufFileCreateTemp(false);
            CurrentResourceOwner = owner;
            MemoryContextSwitchTo(context);
        }
        uint64_t length = item.size();
        BufFileWrite(file_, &length, sizeof length);
        BufFileWrite(file_, const_cast<char *>(item.data()), item.size());
    });
    ++count_;
}

void Spill::seek(uint64_t position) {
    pg_call([&] {
        if (BufFileSeek(file_, 0, static_cast<off_t>(position), SEEK_SET) != 0)
            elog(ERROR, "could not seek in a temporary file");
    });
}

void Spill::rewind() {
    left_ = count_;
    if (file_ != nullptr) seek(0);
}

bool Spill::next(std::string &item) {
    if (left_ == 0) return false;
    read_item(item);
    --left_;
    return true;
}

void Spill::read(uint64_t position, std::string &item) {
    seek(position);
    read_item(item);
}

void Spill::read_item(std::string &item) {
    const auto read = [&](void *to, size_t size) {
        pg_call([&] {
            if (compat::read_spill(file_, to, size) != size) elog(ERROR, "could not read a temporary file");
        });
    };
    uint64_t length = 0;
    read(&length, sizeof length);
    item.resize(length);
    if (length > 0) read(item.data(), length);
}

void Spill::close() {
    if (file_ != nullptr) pg_call([&] { BufFileClose(file_); });
    file_ = nullptr;
    count_ = left_ = 0;
}

}  // namespace ferry
