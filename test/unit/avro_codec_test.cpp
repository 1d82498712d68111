// Codecs: round trips, levels, and packed data that lies, is cut or explodes.
#include <boost/test/unit_test.hpp>

#include <libdeflate.h>
#include <random>
#include <string>

#include "core/avro/codec.hpp"

using namespace ferry;
using namespace ferry::avro;

BOOST_AUTO_TEST_SUITE(avro_codec)

namespace {

constexpr Codec all_codecs[] = {Codec::null, Codec::deflate, Codec::snappy, Codec::zstandard};

std::string pack(Codec codec, std::string_view raw, int level = default_level) {
    auto compressor = Compressor::create(codec, level);
    BOOST_REQUIRE(bool(compressor));
    Buffer out;
    BOOST_REQUIRE(bool(compressor->compress(raw, out)));
    return std::string(out.view());
}

Status unpack(Codec codec, std::string_view packed, Buffer &out, size_t cap = size_t{256} << 20) {
    auto decompressor = Decompressor::create(codec);
    BOOST_REQUIRE(bool(decompressor));
    return decompressor->decompress(packed, out, cap);
}

std::string refusal(Codec codec, std::string_view packed, size_t cap = size_t{256} << 20) {
    Buffer out;
    const auto status = unpack(codec, packed, out, cap);
    if (status) return "";
    BOOST_TEST((status.error().code == Code::corrupt_file));
    BOOST_TEST(status.error().offset == 0U);
    return status.error().message;
}

std::string random_text(std::mt19937 &random, size_t size) {
    std::string out(size, ' ');
    for (char &c : out) c = static_cast<char>('a' + random() % 7);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(names) {
    for (const Codec codec : all_codecs) {
        const auto found = find_codec(codec_name(codec));
        BOOST_REQUIRE(bool(found));
        BOOST_TEST((*found == codec));
    }
    BOOST_TEST((*find_codec("") == Codec::null));
    const auto unknown = find_codec("lzma");
    BOOST_REQUIRE(!unknown);
    BOOST_TEST((unknown.error().code == Code::unsupported));
    BOOST_TEST(unknown.error().message == "codec \"lzma\" is not supported");
    BOOST_TEST(unknown.error().hint == "Supported codecs are null, deflate, snappy and zstandard.");
}

BOOST_AUTO_TEST_CASE(round_trips) {
    std::mt19937 random(7);
    for (const Codec codec : all_codecs) {
        auto compressor = Compressor::create(codec);
        auto decompressor = Decompressor::create(codec);
        BOOST_REQUIRE((compressor && decompressor));
        Buffer packed;
        Buffer raw;
        for (const size_t size :
             {size_t{0}, size_t{1}, size_t{100}, size_t{70'000}, size_t{3}, size_t{1'000'000}}) {
            const std::string text = size == 1'000'000 ? std::string(size, 'x') : random_text(random, size);
            BOOST_REQUIRE(bool(compressor->compress(text, packed)));
            BOOST_REQUIRE(bool(decompressor->decompress(packed.view(), raw, size + 1)));
            BOOST_TEST((raw.view() == text));
            BOOST_REQUIRE(bool(decompressor->decompress(packed.view(), raw, size)));
            BOOST_TEST((raw.view() == text));
        }
    }
}

BOOST_AUTO_TEST_CASE(levels) {
    const struct {
        Codec codec;
        int level;
        bool good;
    } cases[] = {{Codec::deflate, 0, true},     {Codec::deflate, 12, true},   {Codec::deflate, 13, false},
                 {Codec::zstandard, 1, true},   {Codec::zstandard, 22, true}, {Codec::zstandard, 0, false},
                 {Codec::zstandard, 23, false}, {Codec::null, 1, false},      {Codec::snappy, 1, false},
                 {Codec::deflate, -2, false}};
    const std::string text(5000, 'y');
    for (const auto &c : cases) {
        const auto compressor = Compressor::create(c.codec, c.level);
        BOOST_TEST(bool(compressor) == c.good);
        if (!compressor) {
            BOOST_TEST((compressor.error().code == Code::invalid_option));
            continue;
        }
        Buffer out;
        BOOST_REQUIRE(bool(unpack(c.codec, pack(c.codec, text, c.level), out)));
        BOOST_TEST((out.view() == text));
    }
}

BOOST_AUTO_TEST_CASE(bombs_meet_the_cap) {
    const std::string zeros(size_t{8} << 20, '\0');
    for (const Codec codec : {Codec::deflate, Codec::snappy, Codec::zstandard}) {
        const std::string packed = pack(codec, zeros);
        BOOST_TEST(refusal(codec, packed, zeros.size()) == "");
        BOOST_TEST(refusal(codec, packed, zeros.size() - 1) ==
                   "block exceeds 8388607 bytes when uncompressed");
        BOOST_TEST(refusal(codec, packed, 1000) == "block exceeds 1000 bytes when uncompressed");
    }
    BOOST_TEST(refusal(Codec::null, "abc", 2) == "block exceeds 2 bytes when uncompressed");
}

// A zstandard frame that does not tell its size, and two frames in one block, are legal.
BOOST_AUTO_TEST_CASE(zstandard_frames) {
    const std::string one = pack(Codec::zstandard, std::string(100'000, 'a'));
    Buffer out;
    BOOST_REQUIRE(bool(unpack(Codec::zstandard, one + one, out)));
    BOOST_TEST(out.size() == 200'000U);
    BOOST_TEST(refusal(Codec::zstandard, one + one, 150'000) ==
               "block exceeds 150000 bytes when uncompressed");
    BOOST_TEST(refusal(Codec::zstandard, "") == "invalid zstandard data in a block");
}

// Python writers leave three bytes of zlib's trailer behind the stream.
BOOST_AUTO_TEST_CASE(deflate_trailers) {
    const std::string packed = pack(Codec::deflate, "some text");
    BOOST_TEST(refusal(Codec::deflate, packed + "abc") == "");
    BOOST_TEST(refusal(Codec::deflate, packed + "abcd") == "");
    BOOST_TEST(refusal(Codec::deflate, packed + "abcde") ==
               "extra bytes after the deflate stream of a block");
}

BOOST_AUTO_TEST_CASE(damage_is_told) {
    const std::string text = "a text, a text, a text of some length, and again a text of some length";
    for (const Codec codec : {Codec::deflate, Codec::snappy, Codec::zstandard}) {
        const std::string packed = pack(codec, text);
        for (size_t cut = 0; cut < packed.size(); ++cut)
            BOOST_TEST(refusal(codec, packed.substr(0, cut)) != "", codec_name(codec) << " cut at " << cut);
    }
    // Snappy and zstandard carry checksums: no flipped bit may pass.
    for (const Codec codec : {Codec::snappy, Codec::zstandard}) {
        std::string packed = pack(codec, text);
        for (size_t i = 0; i < packed.size(); ++i) {
            packed[i] = static_cast<char>(packed[i] ^ 4);
            Buffer out;
            if (unpack(codec, packed, out)) BOOST_TEST((out.view() == text));
            packed[i] = static_cast<char>(packed[i] ^ 4);
        }
    }
    BOOST_TEST(refusal(Codec::snappy, "abc") == "snappy block is shorter than its checksum");
    BOOST_TEST(refusal(Codec::snappy, {"\xFF\xFF\xFF\x7F\x00\x00\x00\x00\x00", 9}) ==
               "invalid snappy data in a block");
    std::string wrong = pack(Codec::snappy, text);
    wrong.back() = static_cast<char>(wrong.back() ^ 1);
    BOOST_TEST(refusal(Codec::snappy, wrong) == "wrong checksum of a snappy block");
    BOOST_TEST(refusal(Codec::deflate, "\xFF\xFF") == "invalid deflate data in a block");
}

// The checksum of snappy blocks is big-endian, of the uncompressed data (specification, "snappy").
BOOST_AUTO_TEST_CASE(snappy_checksum_is_big_endian) {
    const std::string packed = pack(Codec::snappy, "123456789");
    BOOST_TEST(packed.substr(packed.size() - 4) == "\xCB\xF4\x39\x26");
}

BOOST_AUTO_TEST_SUITE_END()
