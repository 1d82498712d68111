// Implements checksum.hpp over common/cryptohash.h (PostgreSQL: src/common/cryptohash_openssl.c).
#include "server/checksum.hpp"

namespace ferry {
namespace {

void check(int code) {
    if (code < 0) fail({Code::internal, "could not compute SHA-256", "", ""});
}

}  // namespace

Sha256::Sha256() : context_(pg_call([] { return pg_cryptohash_create(PG_SHA256); })) {
    check(context_ != nullptr ? pg_cryptohash_init(context_) : -1);
}

void Sha256::update(std::string_view bytes) {
    check(pg_cryptohash_update(context_, reinterpret_cast<const uint8 *>(bytes.data()), bytes.size()));
}

std::string Sha256::finish() {
    uint8 digest[PG_SHA256_DIGEST_LENGTH];
    check(pg_cryptohash_final(context_, digest, sizeof digest));
    static constexpr char hex[] = "0123456789abcdef";
    std::string text;
    for (const uint8 byte : digest) {
        text.push_back(hex[byte >> 4U]);
        text.push_back(hex[byte & 0xFU]);
    }
    return text;
}

std::string random_bytes(size_t count) {
    std::string bytes(count, '\0');
    if (!pg_strong_random(bytes.data(), count))
        fail({Code::internal, "could not generate random bytes", "", ""});
    return bytes;
}

}  // namespace ferry
