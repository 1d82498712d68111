// Files on the server, by one policy: a relative name stays inside ferry.directory (no "..", no symbolic link
// on the way, regular files only, opened and then checked), an absolute path needs the server-file roles, and
// nothing is ever overwritten. Error messages name files as the caller did.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_stream.hpp"
#include "server/boundary.hpp"

namespace ferry {

// The two folders of ferry.directory.
enum class Place : uint8_t { inbox, backups };

// An owned file descriptor, counted with the server's own.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) noexcept;
    ~Descriptor() { reset(); }
    Descriptor(Descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset() noexcept;

  private:
    int fd_ = -1;
};

// A file open for reading. Raises 58P01 (missing), 42501 (no right, or an absolute path without membership in
// pg_read_server_files), 42809 (a folder or other non-file), 42602 (a name that leaves its folder), 58030.
class InputFile final : public ByteSource {
  public:
    InputFile(Place place, std::string_view name);

    size_t read(char *to, size_t size) override;
    uint64_t size() const noexcept { return size_; }
    // Goes to this byte, at most to the end.
    void seek(uint64_t offset);
    void rewind() { seek(0); }

  private:
    std::string name_;
    Descriptor fd_;
    uint64_t size_ = 0;
};

// A folder of ferry.directory, open; make_place() makes it where it is missing, and durable.
Descriptor open_place(Place place);
Descriptor make_place(Place place);
// "inbox" or "backups"; static storage.
const char *place_name(Place place);

// The names in a folder of ferry.directory, unsorted, without those that begin with a dot; none when the
// folder is missing.
std::vector<std::string> list_files(Place place);
// All names in an open folder but "." and "..".
std::vector<std::string> list_names(int folder);
// True for one file name that a new file of ours may have: no way out of its folder, no dot in front. The
// other one raises 42602 where it is not.
bool is_plain_name(std::string_view name);
void require_plain_name(std::string_view name);
// A small file of such a folder, whole; raises 54000 beyond `limit` bytes.
std::string read_small_file(Place place, std::string_view name, size_t limit);

// Ends with the code that fits the errno.
[[noreturn]] void fail_errno(int error, const std::string &what, std::string hint = "");

}  // namespace ferry
