#include "engine.h"

// SHA-256 with the instructions that x86-64 and arm64 have for it. A vector is four words, the first one in the lowest
// lane.

#if defined(__x86_64__) || defined(__aarch64__)

#include <string.h>

typedef uint32_t vector __attribute__((vector_size(16)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));

/// Eight words in order, as of a digest.
struct words {
    vector low, high;
};

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1")))
#define INLINE TARGET __attribute__((always_inline)) static inline

/// The words of a state as the instructions want them: f, e, b, a and h, g, d, c.
struct state {
    vector feba, hgdc;
};

INLINE struct state pack(struct words words) {
    return (struct state){
        __builtin_shufflevector(words.low, words.high, 5, 4, 1, 0),
        __builtin_shufflevector(words.low, words.high, 7, 6, 3, 2),
    };
}

INLINE struct words unpack(struct state state) {
    return (struct words){
        __builtin_shufflevector(state.feba, state.hgdc, 3, 2, 7, 6),
        __builtin_shufflevector(state.feba, state.hgdc, 1, 0, 5, 4),
    };
}

INLINE struct state add(struct state left, struct state right) {
    return (struct state){left.feba + right.feba, left.hgdc + right.hgdc};
}

/// Four rounds with four words of the schedule, the constants added.
INLINE struct state rounds(struct state state, vector schedule) {
    __m128i words = (__m128i)schedule;
    __m128i half = _mm_sha256rnds2_epu32((__m128i)state.hgdc, (__m128i)state.feba, words);
    __m128i full = _mm_sha256rnds2_epu32((__m128i)state.feba, half, _mm_shuffle_epi32(words, 0x0e));
    return (struct state){(vector)full, (vector)half};
}

/// The four words of the schedule that come after these sixteen.
INLINE vector extend(vector first, vector second, vector third, vector fourth) {
    vector sum = (vector)_mm_sha256msg1_epu32((__m128i)first, (__m128i)second)
        + __builtin_shufflevector(third, fourth, 1, 2, 3, 4);
    return (vector)_mm_sha256msg2_epu32((__m128i)sum, (__m128i)fourth);
}

static int is_there(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1)
        && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

#else

#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#define TARGET __attribute__((target("sha2")))
#define INLINE TARGET __attribute__((always_inline)) static inline

/// The words of a state as the instructions want them.
struct state {
    vector abcd, efgh;
};

INLINE struct state pack(struct words words) { return (struct state){words.low, words.high}; }

INLINE struct words unpack(struct state state) { return (struct words){state.abcd, state.efgh}; }

INLINE struct state add(struct state left, struct state right) {
    return (struct state){left.abcd + right.abcd, left.efgh + right.efgh};
}

/// Four rounds with four words of the schedule, the constants added.
INLINE struct state rounds(struct state state, vector schedule) {
    uint32x4_t abcd = (uint32x4_t)state.abcd, efgh = (uint32x4_t)state.efgh, words = (uint32x4_t)schedule;
    return (struct state){(vector)vsha256hq_u32(abcd, efgh, words), (vector)vsha256h2q_u32(efgh, abcd, words)};
}

/// The four words of the schedule that come after these sixteen.
INLINE vector extend(vector first, vector second, vector third, vector fourth) {
    uint32x4_t sum = vsha256su0q_u32((uint32x4_t)first, (uint32x4_t)second);
    return (vector)vsha256su1q_u32(sum, (uint32x4_t)third, (uint32x4_t)fourth);
}

static int is_there(void) {
#if defined(__ARM_FEATURE_SHA2)
    return 1;
#elif defined(__linux__)
    // HWCAP_SHA2.
    return (getauxval(AT_HWCAP) & 1 << 6) != 0;
#else
    return 0;
#endif
}

#endif

/// The words at `index` × 4.
INLINE vector words(const uint32_t *table, int index) {
    vector words;
    memcpy(&words, table + 4 * index, 16);
    return words;
}

INLINE vector swap_bytes(vector words) {
    bytes16 bytes = (bytes16)words;
    return (vector)__builtin_shufflevector(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/// The 16 bytes at `index` × 16 as four big-endian words.
INLINE vector load(const uint8_t *bytes, int index) {
    vector words;
    memcpy(&words, bytes + 16 * index, 16);
    return swap_bytes(words);
}

INLINE void store(uint8_t *bytes, int index, vector words) {
    vector swapped = swap_bytes(words);
    memcpy(bytes + 16 * index, &swapped, 16);
}

INLINE struct state initial(void) {
    return pack((struct words){words(csha256_initial, 0), words(csha256_initial, 1)});
}

/// Takes a block of 16 words into the state.
INLINE struct state take(struct state before, vector first, vector second, vector third, vector fourth) {
    vector block[4] = {first, second, third, fourth};
    struct state state = before;
#pragma clang loop unroll(full)
    for (int step = 0; step < 16; step++) {
        vector now = block[step % 4];
        state = rounds(state, now + words(csha256_constants, step));
        block[step % 4] = extend(now, block[(step + 1) % 4], block[(step + 2) % 4], block[(step + 3) % 4]);
    }
    return add(before, state);
}

/// Takes the block that pads a message of 64 bytes into the state.
INLINE struct state take_padding(struct state before) {
    struct state state = before;
#pragma clang loop unroll(full)
    for (int step = 0; step < 16; step++) state = rounds(state, words(csha256_padding, step));
    return add(before, state);
}

TARGET static void compress(uint32_t *state_words, const uint8_t *blocks, size_t count) {
    struct state state = pack((struct words){words(state_words, 0), words(state_words, 1)});
    for (; count > 0; count--, blocks += 64) {
        state = take(state, load(blocks, 0), load(blocks, 1), load(blocks, 2), load(blocks, 3));
    }
    struct words after = unpack(state);
    memcpy(state_words, &after, 32);
}

TARGET static void fold(uint8_t *bytes, const uint8_t *branches, size_t count) {
    // Behind a digest of eight words: the bit that ends it, and its length of 256 bits.
    vector end = {0x80000000}, length = {0, 0, 0, 256};
    struct words root = {load(bytes, 0), load(bytes, 1)};
    for (; count > 0; count--, branches += 32) {
        struct state state = take(initial(), root.low, root.high, load(branches, 0), load(branches, 1));
        struct words digest = unpack(take_padding(state));
        root = unpack(take(initial(), digest.low, digest.high, end, length));
    }
    store(bytes, 0, root.low);
    store(bytes, 1, root.high);
}

static const struct csha256_engine engine = {compress, fold};

const struct csha256_engine *csha256_hardware(void) { return is_there() ? &engine : NULL; }

#else

const struct csha256_engine *csha256_hardware(void) { return NULL; }

#endif
