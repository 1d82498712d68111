// SHA-256 of bytes as they pass by, computed by the server's own cryptohash (which uses OpenSSL where it was
// built so).
#pragma once

#include <string>
#include <string_view>

#include "server/boundary.hpp"

namespace ferry {

class Sha256 {
  public:
    Sha256();
    ~Sha256() {
        if (context_ != nullptr) pg_cryptohash_free(context_);
    }
    Sha256(const Sha256 &) = delete;
    Sha256 &operator=(const Sha256 &) = delete;

    void update(std::string_view bytes);
    // 64 lower-case hexadecimal digits; the last call on this object.
    std::string finish();

  private:
    pg_cryptohash_ctx *context_ = nullptr;
};

// Unpredictable bytes from the server's strong random source; raises XX000 when it fails.
std::string random_bytes(size_t count);

}  // namespace ferry
