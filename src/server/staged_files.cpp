// Implements staged_files.hpp. A stage holds a lock (flock) on ".ferry.ID.lock" while it lives, so the kernel
// says whether a leftover has an owner. Files are linked, not renamed: a leftover that was given its name is
// known for ours by its inode, and nothing that somebody else put there is ever touched.
#include "server/staged_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferry {
namespace {

constexpr std::string_view temporary_end = ".tmp";
constexpr std::string_view lock_start = ".ferry.";
constexpr std::string_view lock_end = ".lock";
constexpr size_t id_size = 16;

std::string make_id() {
    static constexpr char digits[] = "0123456789abcdef";
    std::string id;
    for (const char byte : random_bytes(id_size / 2)) {
        id.push_back(digits[static_cast<uint8_t>(byte) >> 4U]);
        id.push_back(digits[static_cast<uint8_t>(byte) & 15U]);
    }
    return id;
}

bool is_id(std::string_view text) {
    return text.size() == id_size && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string lock_name(std::string_view id) {
    return std::string(lock_start) + std::string(id) + std::string(lock_end);
}

// A temporary name taken apart.
struct Leftover {
    std::string name, file, tag, id;
};

std::optional<Leftover> read_temporary(const std::string &name) {
    std::string_view left = name;
    if (!left.starts_with('.') || !left.ends_with(temporary_end)) return std::nullopt;
    left.remove_prefix(1);
    left.remove_suffix(temporary_end.size());
    const size_t id = left.rfind('.');
    if (id == left.npos || id == 0 || !is_id(left.substr(id + 1))) return std::nullopt;
    const size_t tag = left.rfind('.', id - 1);
    if (tag == left.npos || tag == 0) return std::nullopt;
    return Leftover{name, std::string(left.substr(0, tag)), std::string(left.substr(tag + 1, id - tag - 1)),
                    std::string(left.substr(id + 1))};
}

std::optional<std::string> read_lock(std::string_view name) {
    if (!name.starts_with(lock_start) || !name.ends_with(lock_end)) return std::nullopt;
    name.remove_prefix(lock_start.size());
    name.remove_suffix(lock_end.size());
    if (!is_id(name)) return std::nullopt;
    return std::string(name);
}

using Inode = std::pair<dev_t, ino_t>;

std::optional<Inode> inode_of(int folder, const std::string &name) {
    struct stat facts;
    if (fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    return Inode{facts.st_dev, facts.st_ino};
}

bool exists(int folder, const std::string &name) {
    return faccessat(folder, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool same_file(int folder, const std::string &a, const std::string &b) {
    const auto inode = inode_of(folder, a);
    return inode && inode == inode_of(folder, b);
}

// Takes the lock without waiting. False when somebody has it or cannot be asked.
bool lock_now(int fd) {
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

// ---- what killed processes left ----

// The leftovers of one stage that nobody owns.
class Orphans {
  public:
    Orphans(int folder, std::vector<Leftover> leftovers, const std::vector<std::string> &names)
        : folder_(folder), leftovers_(std::move(leftovers)) {
        for (const std::string &name : names)
            if (!name.starts_with('.'))
                if (const auto inode = inode_of(folder, name)) visible_.emplace(*inode, name);
    }

    // Once a seal was published all of them are: every part has its name by then. Before, nothing counts.
    bool clear() const {
        const bool sealed = std::ranges::any_of(leftovers_, [&](const Leftover &l) {
            return l.tag == seal_tag && same_file(folder_, l.name, l.file);
        });
        for (const Leftover &leftover : leftovers_) {
            if (!sealed)
                take_name_back(leftover);
            else if (leftover.tag == seal_tag && !give_name(leftover))
                return false;  // another time
        }
        (void)pg_fsync(folder_);
        for (const Leftover &leftover : leftovers_) unlinkat(folder_, leftover.name.c_str(), 0);
        return true;
    }

  private:
    bool give_name(const Leftover &seal) const {
        return linkat(folder_, seal.name.c_str(), folder_, seal.file.c_str(), 0) == 0 || errno == EEXIST;
    }

    // Of a file that was given its name but never its seal, or that has lost it on the way out.
    void take_name_back(const Leftover &leftover) const {
        if (leftover.tag == seal_tag || exists(folder_, leftover.file + std::string(seal_suffix))) return;
        const auto inode = inode_of(folder_, leftover.name);
        const auto found = inode ? visible_.find(*inode) : visible_.end();
        if (found != visible_.end()) unlinkat(folder_, found->second.c_str(), 0);
    }

    int folder_;
    std::vector<Leftover> leftovers_;
    std::map<Inode, std::string> visible_;
};

void sweep(int folder) {
    const std::vector<std::string> names = list_names(folder);
    std::map<std::string, std::vector<Leftover>> stages;
    for (const std::string &name : names) {
        if (const auto id = read_lock(name)) stages[*id];
        if (auto leftover = read_temporary(name)) stages[leftover->id].push_back(*std::move(leftover));
    }
    for (auto &[id, leftovers] : stages) {
        // An owner makes its lock before and removes it after everything else, so without one there is no
        // owner.
        const std::string lock = lock_name(id);
        const Descriptor held(openat(folder, lock.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!held && errno != ENOENT) continue;
        if (held && !lock_now(held.get())) continue;
        if (Orphans(folder, std::move(leftovers), names).clear()) unlinkat(folder, lock.c_str(), 0);
    }
}

ExitGuard *guards = nullptr;

}  // namespace

// ---- ExitGuard ----

ExitGuard::ExitGuard() {
    static bool registered = false;
    if (!registered) pg_call([] { before_shmem_exit(abandon_all, Datum{0}); });
    registered = true;
    next_ = guards;
    guards = this;
}

ExitGuard::~ExitGuard() {
    ExitGuard **at = &guards;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

// The objects are still there: the process ends somewhere above their frames.
void ExitGuard::abandon_all(int, Datum) {
    for (ExitGuard *guard = guards; guard != nullptr; guard = guard->next_) guard->abandon();
}

// ---- StagedFile ----

StagedFile::StagedFile(Place place, const std::string &id, std::string file, const std::string &tag)
    : file_(std::move(file)), folder_(open_place(place)) {
    temporary_ = hidden_name(file_, tag, id);
    fd_ = Descriptor(openat(folder_.get(), temporary_.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, pg_file_create_mode));
    if (!fd_) fail_errno(errno, "could not create file \"" + file_ + "\"");
    if (exists(folder_.get(), lock_name(id))) return;
    // Its stage was given up and has counted its files already: this one would stay.
    abandon();
    fail({Code::io_error, "could not create file \"" + file_ + "\": it is not wanted any more", "", ""});
}

std::string StagedFile::hidden_name(const std::string &file, const std::string &tag, const std::string &id) {
    return "." + file + "." + tag + "." + id + std::string(temporary_end);
}

StagedFile::~StagedFile() {
    abandon();
}

void StagedFile::abandon() noexcept {
    if (fd_) unlinkat(folder_.get(), temporary_.c_str(), 0);
    fd_.reset();
}

void StagedFile::write(std::string_view bytes) {
    hash_.update(bytes);
    bytes_ += bytes.size();
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
        if (n > 0)
            bytes.remove_prefix(static_cast<size_t>(n));
        else if (n == 0 || errno != EINTR)
            fail_errno(n == 0 ? ENOSPC : errno, "could not write file \"" + file_ + "\"");
    }
    check_interrupts();
    start_writeback();
}

// The disk has something to do while rows are read, and less to wait for in the end.
void StagedFile::start_writeback() {
    constexpr uint64_t worthwhile = uint64_t{1} << 20U;
    const uint64_t fresh = bytes_ - started_;
    if (fresh < worthwhile) return;
    pg_call([&] { pg_flush_data(fd_.get(), static_cast<off_t>(started_), static_cast<off_t>(fresh)); });
    started_ = bytes_;
}

void StagedFile::finish() {
    if (pg_fsync(fd_.get()) != 0) fail_errno(errno, "could not fsync file \"" + file_ + "\"");
    fd_.reset();
}

// ---- Stage ----

Stage::Stage(Place place) : place_(place), folder_(make_place(place)) {
    sweep(folder_.get());
    take_lock();
}

Stage::~Stage() {
    abandon();
}

void Stage::take_lock() {
    for (;;) {
        const std::string id = make_id();
        lock_ = Descriptor(openat(folder_.get(), lock_name(id).c_str(),
                                  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, pg_file_create_mode));
        if (!lock_)
            fail_errno(errno, std::string("could not write to folder \"") + place_name(place_) + "\"");
        id_ = id;
        while (flock(lock_.get(), LOCK_EX) != 0) {
            if (errno != EINTR) fail_errno(errno, "could not lock a file of ferry.directory");
            check_interrupts();
        }
        // Somebody who swept may have been faster than the lock.
        struct stat facts;
        if (fstat(lock_.get(), &facts) == 0 && facts.st_nlink > 0) return;
    }
}

void Stage::require_free(const std::string &file) const {
    for (const std::string &name : {file, file + std::string(seal_suffix)})
        if (exists(folder_.get(), name)) fail_errno(EEXIST, "could not create file \"" + name + "\"");
}

void Stage::link(const Move &move) {
    if (linkat(folder_.get(), move.temporary.c_str(), folder_.get(), move.name.c_str(), 0) != 0)
        fail_errno(errno, "could not create file \"" + move.name + "\"");
    published_.push_back(move.name);
}

void Stage::sync_folder() const {
    if (pg_fsync(folder_.get()) != 0)
        fail_errno(errno, std::string("could not fsync folder \"") + place_name(place_) + "\"");
}

void Stage::publish(std::span<const Move> parts, std::span<const Move> seals) {
    sync_folder();  // the hidden names too: they tell the files of a crash from those of others
    for (const Move &move : parts) link(move);
    sync_folder();
    for (const Move &move : seals) link(move);
    sync_folder();
    published_.clear();
}

void Stage::replace(const Move &move) {
    if (renameat(folder_.get(), move.temporary.c_str(), folder_.get(), move.name.c_str()) != 0)
        fail_errno(errno, "could not replace file \"" + move.name + "\"");
    sync_folder();
}

void Stage::unlink_name(const std::string &name) const {
    if (unlinkat(folder_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
        fail_errno(errno, "could not remove file \"" + name + "\"");
}

void Stage::remove_file(const std::string &name) const {
    unlink_name(name);
    sync_folder();
}

void Stage::remove(const std::string &file, std::span<const std::string> parts) {
    // Hidden names for the parts, by which a sweep knows them should this process end in the middle.
    int number = 0;
    for (const std::string &part : parts) {
        const std::string hidden = StagedFile::hidden_name(file, "out-" + std::to_string(++number), id_);
        if (linkat(folder_.get(), part.c_str(), folder_.get(), hidden.c_str(), 0) != 0 && errno != ENOENT)
            fail_errno(errno, "could not remove file \"" + part + "\"");
    }
    sync_folder();
    unlink_name(file + std::string(seal_suffix));
    leave_ = true;
    sync_folder();
    for (const std::string &part : parts) unlink_name(part);
    sync_folder();
    leave_ = false;
}

// Names before hidden names, the lock before those: see Orphans and StagedFile.
void Stage::abandon() noexcept {
    if (!lock_) return;
    if (leave_) return lock_.reset();
    while (!published_.empty()) {
        unlinkat(folder_.get(), published_.back().c_str(), 0);
        published_.pop_back();
    }
    unlinkat(folder_.get(), lock_name(id_).c_str(), 0);
    try {
        for (const std::string &name : list_names(folder_.get())) {
            const auto leftover = read_temporary(name);
            if (leftover && leftover->id == id_) unlinkat(folder_.get(), name.c_str(), 0);
        }
    } catch (...) {
        // The next stage sweeps.
    }
    lock_.reset();
}

}  // namespace ferry
