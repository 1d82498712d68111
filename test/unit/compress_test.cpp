// Tests of compress/: files made by zlib and libzstd read back in any steps, and every kind of damage told
// with its place.
#include <boost/test/unit_test.hpp>

#include <zlib.h>
#include <zstd.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "avro_memory.hpp"
#include "core/compress/detect.hpp"
#include "core/compress/gunzip.hpp"
#include "core/compress/unzstd.hpp"

namespace {

using namespace ferry;
using avro::test::MemorySource;
using std::string;
using std::string_view;

string gzip(string_view raw) {
    z_stream z{};
    BOOST_REQUIRE_EQUAL(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    string out(deflateBound(&z, raw.size()) + 32, '\0');
    string in(raw);
    z.next_in = reinterpret_cast<Bytef *>(in.data());
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef *>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    BOOST_REQUIRE_EQUAL(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

string zstd(string_view raw, int window_log = 0) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    if (window_log > 0) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    }
    string out(ZSTD_compressBound(raw.size()) + 64, '\0');
    ZSTD_inBuffer in{raw.data(), raw.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    while (window_log > 0 && ZSTD_compressStream2(context, &to, &in, ZSTD_e_continue) != 0 &&
           in.pos < in.size) {
    }
    BOOST_REQUIRE_EQUAL(ZSTD_compressStream2(context, &to, &in, ZSTD_e_end), 0U);
    ZSTD_freeCCtx(context);
    out.resize(to.pos);
    return out;
}

template <typename Source>
string unpack(string_view packed, size_t step = 4096, size_t input_step = SIZE_MAX) {
    MemorySource input(packed, input_step);
    Source source(input);
    string out;
    std::vector<char> piece(step);
    while (const size_t n = source.read(piece.data(), step)) out.append(piece.data(), n);
    BOOST_CHECK_EQUAL(source.read(piece.data(), step), 0U);
    return out;
}

template <typename Source>
Error damage(string_view packed) {
    try {
        unpack<Source>(packed);
    } catch (const StreamError &caught) {
        return caught.error;
    }
    BOOST_FAIL("no damage was told");
    return {};
}

string sample() {
    std::mt19937 random(1952);
    string text;
    for (int i = 0; i < 30'000; ++i) text += std::to_string(random() % 100'000) + (i % 7 == 6 ? "\n" : ",");
    return text;
}

template <typename Source>
void check_reading(string (*pack)(string_view)) {
    const string text = sample();
    const string packed = pack(text);
    for (const size_t step : {1U, 100U, 65536U}) BOOST_CHECK(unpack<Source>(packed, step) == text);
    BOOST_CHECK(unpack<Source>(packed, 777, 1) == text);
    BOOST_CHECK_EQUAL(unpack<Source>(pack("")), "");
    BOOST_CHECK_EQUAL(unpack<Source>(pack("a,b\n") + pack("") + pack("c,d\n"), 3, 1), "a,b\nc,d\n");
    const string bomb(size_t{8} << 20U, 'x');
    BOOST_CHECK(unpack<Source>(pack(bomb)) == bomb);
}

// Cut anywhere, an error; with any byte changed, an error or (bytes that mean nothing) the same text.
template <typename Source>
void check_damage(string (*pack)(string_view)) {
    const string text = "1,Ann,2021-02-03T04:05:06Z,7,8\n2,Bob,2021-02-04T04:05:06Z,9,10\n";
    const string packed = pack(text);
    for (size_t size = 0; size < packed.size(); ++size) {
        const Error error = damage<Source>(string_view(packed).substr(0, size));
        BOOST_CHECK(error.code == Code::corrupt_file);
        BOOST_CHECK_EQUAL(error.offset, size);
        BOOST_CHECK(!error.message.empty());
    }
    for (size_t i = 0; i < packed.size() * 8; ++i) {
        string changed = packed;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << i % 8));
        try {
            BOOST_CHECK_EQUAL(unpack<Source>(changed), text);
        } catch (const StreamError &caught) {
            BOOST_CHECK_LE(caught.error.offset, packed.size());
        }
    }
}

string pack_zstd(string_view raw) {
    return zstd(raw);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(compressed_streams)

BOOST_AUTO_TEST_CASE(magic_numbers_tell) {
    BOOST_CHECK(detect_compression(gzip("x")) == Compression::gzip);
    BOOST_CHECK(detect_compression(zstd("x")) == Compression::zstd);
    BOOST_CHECK(detect_compression("\x5A\x2A\x4D\x18") == Compression::zstd);
    for (const string_view none : {"", "\x1F", "\x1F\x8B", "\x28\xB5\x2F", "id,name", "\xFF\xFEi", "P*M\x17"})
        BOOST_CHECK(detect_compression(none) == Compression::none);
}

BOOST_AUTO_TEST_CASE(gzip_is_read) {
    check_reading<GunzipSource>(gzip);
}

BOOST_AUTO_TEST_CASE(zstd_is_read) {
    check_reading<UnzstdSource>(pack_zstd);
    const string skippable("\x50\x2A\x4D\x18\x03\0\0\0abc", 11);
    BOOST_CHECK_EQUAL(unpack<UnzstdSource>(skippable + zstd("a") + skippable + zstd("b")), "ab");
    BOOST_CHECK_EQUAL(unpack<UnzstdSource>(skippable), "");
}

BOOST_AUTO_TEST_CASE(damaged_gzip_is_told) {
    check_damage<GunzipSource>(gzip);
    const string good = gzip("a,b\n");
    BOOST_CHECK_EQUAL(unpack<GunzipSource>(good + string(600, '\0')), "a,b\n");
    BOOST_CHECK_EQUAL(damage<GunzipSource>(good + "rest").offset, good.size() + 2);
    BOOST_CHECK_EQUAL(damage<GunzipSource>(good + string(2, '\0') + good).offset, good.size() + 2);
    BOOST_CHECK(damage<GunzipSource>("no gzip at all").code == Code::corrupt_file);
}

BOOST_AUTO_TEST_CASE(damaged_zstd_is_told) {
    check_damage<UnzstdSource>(pack_zstd);
    BOOST_CHECK(damage<UnzstdSource>(zstd("a") + "rest").code == Code::corrupt_file);
    const Error window = damage<UnzstdSource>(zstd(string(1000, 'x'), 30));
    BOOST_CHECK(window.code == Code::unsupported);
    BOOST_CHECK(!window.hint.empty());
}

BOOST_AUTO_TEST_SUITE_END()
