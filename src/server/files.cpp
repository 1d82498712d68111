// Implements files.hpp with openat(2) step by step, so that what was checked is what is open. The rights
// follow DoCopy (PostgreSQL: src/backend/commands/copy.c), the durable steps durable_rename
// (src/backend/storage/file/fd.c).
#include "server/files.hpp"

#include <cerrno>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/settings.hpp"

namespace ferry {

const char *place_name(Place place) {
    return place == Place::inbox ? "inbox" : "backups";
}

void fail_errno(int error, const std::string &what, std::string hint) {
    const Code code = error == ENOENT || error == ENOTDIR ? Code::file_not_found
                      : error == EACCES || error == EPERM ? Code::no_privilege
                      : error == ELOOP                    ? Code::file_name
                      : error == EEXIST                   ? Code::duplicate_object
                      : error == ENOSPC                   ? Code::disk_full
                                                          : Code::io_error;
    const char *const reason = error == ELOOP ? "symbolic links are not followed" : std::strerror(error);
    fail({code, what + ": " + reason, "", std::move(hint)});
}

std::vector<std::string> list_names(int folder) {
    std::vector<std::string> names;
    const int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    const auto closer = [](DIR *dir) { closedir(dir); };
    const std::unique_ptr<DIR, decltype(closer)> stream(fd >= 0 ? fdopendir(fd) : nullptr, closer);
    if (!stream) {
        const int error = errno;
        if (fd >= 0) close(fd);
        fail_errno(error, "could not list a folder of ferry.directory");
    }
    rewinddir(stream.get());  // the duplicate shares its position with the original
    while (const dirent *entry = readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
}

namespace {

[[noreturn]] void fail_name(std::string_view name) {
    fail({Code::file_name, "file name \"" + std::string(name) + "\" is not allowed", "",
          "A relative name stays inside its folder: it has no empty part, no \".\" and no \"..\", and a new "
          "file does not begin with a dot."});
}

// One file or folder name, without a way out of where it stands.
bool is_plain(std::string_view part) {
    return !part.empty() && part != "." && part != ".." && part.find('/') == part.npos &&
           part.find('\0') == part.npos;
}

void make_root(const std::string &root) {
    if (mkdir(root.c_str(), S_IRWXU) != 0) {
        if (errno != EEXIST) fail_errno(errno, "could not create the folder of ferry.directory");
        return;
    }
    // A new folder is durable once the folder around it is.
    const Descriptor parent(open((root + "/..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent) (void)pg_fsync(parent.get());
}

Descriptor open_folder(Place place, bool create) {
    const std::string root = settings::directory();
    if (create) make_root(root);
    Descriptor base(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!base) fail_errno(errno, "could not open the folder of ferry.directory");
    if (create) {
        if (mkdirat(base.get(), place_name(place), S_IRWXU) == 0)
            (void)pg_fsync(base.get());
        else if (errno != EEXIST)
            fail_errno(errno, std::string("could not create folder \"") + place_name(place) + "\"");
    }
    Descriptor folder(openat(base.get(), place_name(place), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) fail_errno(errno, std::string("could not open folder \"") + place_name(place) + "\"");
    return folder;
}

// Opens a relative name below a folder, one part at a time.
Descriptor open_below(Descriptor at, std::string_view name, const std::string &what,
                      const std::string &hint) {
    for (std::string_view left = name;;) {
        const size_t slash = left.find('/');
        const std::string part(left.substr(0, slash));
        if (!is_plain(part)) fail_name(name);
        const bool last = slash == left.npos;
        const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (last ? O_NONBLOCK : O_DIRECTORY);
        Descriptor next(openat(at.get(), part.c_str(), flags));
        if (!next) fail_errno(errno, what, hint);
        if (last) return next;
        at = std::move(next);
        left.remove_prefix(slash + 1);
    }
}

Descriptor open_input(Place place, std::string_view name) {
    const std::string what = "could not open file \"" + std::string(name) + "\" for reading";
    if (name.empty() || name.find('\0') != name.npos) fail_name(name);
    if (name.front() == '/') {
        if (!pg_call([] { return has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES); })) {
            fail({Code::no_privilege,
                  "must be superuser or have privileges of the pg_read_server_files role to read an absolute "
                  "path",
                  "",
                  std::string("Put the file into the folder \"") + place_name(place) +
                      "\" of ferry.directory and give its name alone."});
        }
        Descriptor fd(open(std::string(name).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        if (!fd) fail_errno(errno, what);
        return fd;
    }
    const std::string hint = std::string("A relative name is looked up in the folder \"") +
                             place_name(place) + "\" of ferry.directory.";
    Descriptor folder;
    try {
        folder = open_folder(place, false);
    } catch (const Failure &) {
        fail({Code::file_not_found, what + ": " + std::strerror(ENOENT), "", hint});
    }
    return open_below(std::move(folder), name, what, hint);
}

}  // namespace

Descriptor::Descriptor(int fd) noexcept : fd_(fd) {
    if (fd_ >= 0) ReserveExternalFD();
}

void Descriptor::reset() noexcept {
    if (fd_ < 0) return;
    close(fd_);
    ReleaseExternalFD();
    fd_ = -1;
}

InputFile::InputFile(Place place, std::string_view name) : name_(name), fd_(open_input(place, name)) {
    struct stat facts;
    if (fstat(fd_.get(), &facts) != 0) fail_errno(errno, "could not stat file \"" + name_ + "\"");
    if (!S_ISREG(facts.st_mode)) {
        fail({Code::not_a_file,
              "\"" + name_ + "\" is " + (S_ISDIR(facts.st_mode) ? "a directory" : "not a regular file"), "",
              ""});
    }
    size_ = static_cast<uint64_t>(facts.st_size);
    (void)posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

size_t InputFile::read(char *to, size_t size) {
    for (;;) {
        const ssize_t n = ::read(fd_.get(), to, size);
        if (n >= 0) return static_cast<size_t>(n);
        if (errno != EINTR) fail_errno(errno, "could not read file \"" + name_ + "\"");
        check_interrupts();
    }
}

void InputFile::seek(uint64_t offset) {
    if (lseek(fd_.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
        fail_errno(errno, "could not seek in file \"" + name_ + "\"");
}

bool is_plain_name(std::string_view name) {
    return is_plain(name) && name.front() != '.';
}

void require_plain_name(std::string_view name) {
    if (!is_plain_name(name)) fail_name(name);
}

Descriptor open_place(Place place) {
    return open_folder(place, false);
}

Descriptor make_place(Place place) {
    return open_folder(place, true);
}

std::vector<std::string> list_files(Place place) {
    Descriptor folder;
    try {
        folder = open_folder(place, false);
    } catch (const Failure &failure) {
        if (failure.error.code != Code::file_not_found) throw;
        return {};
    }
    std::vector<std::string> names = list_names(folder.get());
    std::erase_if(names, [](const std::string &name) { return name.starts_with('.'); });
    return names;
}

std::string read_small_file(Place place, std::string_view name, size_t limit) {
    InputFile file(place, name);
    if (file.size() > limit)
        fail({Code::limit_exceeded, "file \"" + std::string(name) + "\" is too large", "", ""});
    std::string text(file.size(), '\0');
    size_t done = 0;
    while (done < text.size()) {
        const size_t n = file.read(text.data() + done, text.size() - done);
        if (n == 0) break;
        done += n;
    }
    text.resize(done);
    return text;
}

}  // namespace ferry
