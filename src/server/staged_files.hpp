// Files of ferry.directory that appear together or not at all: written under hidden names that nobody takes
// for theirs, then linked to their own names, the seal (a manifest) last. What a killed process left behind
// is recognised by its name and by the file itself, and removed by the next one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/byte_stream.hpp"
#include "server/checksum.hpp"
#include "server/files.hpp"

namespace ferry {

// A file counts as complete once its seal stands beside it: FILE and FILE.manifest.json.
inline constexpr std::string_view seal_suffix = ".manifest.json";
// The tag of a staged seal, whose FILE is its own name.
inline constexpr std::string_view seal_tag = "seal";

// Something on disk that must go when the process ends without unwinding, as it does for FATAL.
class ExitGuard {
  public:
    ExitGuard();
    ExitGuard(const ExitGuard &) = delete;
    ExitGuard &operator=(const ExitGuard &) = delete;

    virtual void abandon() noexcept = 0;

  protected:
    ~ExitGuard();

  private:
    static void abandon_all(int code, Datum argument);
    ExitGuard *next_ = nullptr;
};

// One file being written, for the stage of this id: ".FILE.TAG.ID.tmp", where FILE names the file that it is
// a part of. Removed with the object unless finish() gave it to the stage. Counts and hashes what is written.
// Raises 53100 when the disk is full and 58030 for other I/O errors.
class StagedFile final : public ByteSink, private ExitGuard {
  public:
    StagedFile(Place place, const std::string &id, std::string file, const std::string &tag);
    ~StagedFile();

    void write(std::string_view bytes) override;
    // Makes the bytes durable and gives the file to the stage.
    void finish();

    const std::string &temporary() const noexcept { return temporary_; }
    static std::string hidden_name(const std::string &file, const std::string &tag, const std::string &id);
    uint64_t bytes() const noexcept { return bytes_; }
    std::string sha256() { return hash_.finish(); }

  private:
    void abandon() noexcept override;
    void start_writeback();

    std::string file_, temporary_;
    Descriptor folder_, fd_;
    Sha256 hash_;
    uint64_t bytes_ = 0, started_ = 0;  // written; of these, on their way to the disk
};

// The files of one undertaking. Other processes may write StagedFiles for its id; whatever of it is not
// published goes with the object.
class Stage final : private ExitGuard {
  public:
    // Makes the folder if it is missing and removes what others left there.
    explicit Stage(Place place);
    ~Stage();

    const std::string &id() const noexcept { return id_; }
    // Raises 42710 when a file of this name, or its seal, is there.
    void require_free(const std::string &file) const;

    struct Move {
        std::string temporary, name;
    };
    // Gives finished files their names, durably: all parts, then all seals. Nothing is overwritten: 42710
    // when a name is taken, and then none of the names is given.
    void publish(std::span<const Move> parts, std::span<const Move> seals);
    // The same for a file that may take another's place.
    void replace(const Move &move);
    // Removes a file, if it is there, durably.
    void remove_file(const std::string &name) const;
    // Removes a sealed file and its further parts: after the seal is gone the rest is sure to follow, be it
    // when the next stage is made.
    void remove(const std::string &file, std::span<const std::string> parts);

  private:
    void take_lock();
    void link(const Move &move);
    void sync_folder() const;
    void unlink_name(const std::string &name) const;
    void abandon() noexcept override;

    Place place_;
    Descriptor folder_, lock_;
    std::string id_;
    std::vector<std::string> published_;
    bool leave_ = false;  // hidden names are to be found by the next stage
};

}  // namespace ferry
