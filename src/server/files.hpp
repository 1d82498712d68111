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
#include "server/checksum.hpp"

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
    void rewind();

  private:
    std::string name_;
    Descriptor fd_;
    uint64_t size_ = 0;
};

// A new file in a folder of ferry.directory, invisible under a temporary name until publish(); without that
// it is removed with the object. Counts and hashes what is written.
class OutputFile final : public ByteSink {
  public:
    OutputFile(Place place, std::string name);
    ~OutputFile() override;
    OutputFile(const OutputFile &) = delete;
    OutputFile &operator=(const OutputFile &) = delete;

    void write(std::string_view bytes) override;
    // Makes it durable under its name: fsync, link, fsync of the folder. Raises 42710 when the name is taken.
    void publish();
    uint64_t bytes() const noexcept { return bytes_; }
    std::string sha256() { return hash_.finish(); }

  private:
    std::string name_, temporary_;
    Descriptor folder_, fd_;
    Sha256 hash_;
    uint64_t bytes_ = 0;
};

// The names in a folder of ferry.directory, unsorted, without those that begin with a dot; none when the
// folder is missing.
std::vector<std::string> list_files(Place place);
// Removes a file of such a folder, if it can; for what must not stay after a failure.
void remove_file(Place place, const std::string &name) noexcept;
// A small file of such a folder, whole; raises 54000 beyond `limit` bytes.
std::string read_small_file(Place place, std::string_view name, size_t limit);

}  // namespace ferry
