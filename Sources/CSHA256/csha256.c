#include "csha256.h"

#include <stdatomic.h>
#include <string.h>

#include "engine.h"

const uint32_t csha256_initial[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

const uint32_t csha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

const uint32_t csha256_padding[64] = {
    0xc28a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf374,
    0x649b69c1, 0xf0fe4786, 0x0fe1edc6, 0x240cf254, 0x4fe9346f, 0x6cc984be, 0x61b9411e, 0x16f988fa,
    0xf2c65152, 0xa88e5a6d, 0xb019fc65, 0xb9d99ec7, 0x9a1231c3, 0xe70eeaa0, 0xfdb1232b, 0xc7353eb0,
    0x3069bad5, 0xcb976d5f, 0x5a0f118f, 0xdc1eeefd, 0x0a35b689, 0xde0b7a04, 0x58f4ca9d, 0xe15d5b16,
    0x007f3e86, 0x37088980, 0xa507ea32, 0x6fab9537, 0x17406110, 0x0d8cd6f1, 0xcdaa3b6d, 0xc0bbbe37,
    0x83613bda, 0xdb48a363, 0x0b02e931, 0x6fd15ca7, 0x521afaca, 0x31338431, 0x6ed41a95, 0x6d437890,
    0xc39c91f2, 0x9eccabbd, 0xb5c9a0e6, 0x532fb63c, 0xd2c741c6, 0x07237ea3, 0xa4954b68, 0x4c191d76,
};

static uint32_t load(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store(uint8_t *bytes, uint32_t word) {
    for (int index = 0; index < 4; index++) bytes[index] = (uint8_t)(word >> (24 - 8 * index));
}

// MARK: Plain C

static uint32_t rotate(uint32_t word, int count) { return word >> count | word << (32 - count); }

/// The 64 rounds with a schedule to which the constants are added.
static void run(uint32_t state[8], const uint32_t schedule[64]) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int round = 0; round < 64; round++) {
        uint32_t first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + schedule[round];
        uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void compress(uint32_t state[8], const uint8_t *blocks, size_t count) {
    for (; count > 0; count--, blocks += 64) {
        uint32_t words[64], schedule[64];
        for (int index = 0; index < 64; index++) {
            if (index < 16) {
                words[index] = load(blocks + 4 * index);
            } else {
                uint32_t early = words[index - 15], late = words[index - 2];
                words[index] = words[index - 16] + (rotate(early, 7) ^ rotate(early, 18) ^ early >> 3)
                    + words[index - 7] + (rotate(late, 17) ^ rotate(late, 19) ^ late >> 10);
            }
            schedule[index] = words[index] + csha256_constants[index];
        }
        run(state, schedule);
    }
}

/// Replaces the state of a SHA-256 by that of the SHA-256 of its digest.
static void hash_again(uint32_t state[8], void (*compress)(uint32_t *, const uint8_t *, size_t)) {
    // 32 bytes, the bit that ends them, and their length of 256 bits.
    uint8_t block[64] = {[32] = 0x80, [62] = 1};
    for (int index = 0; index < 8; index++) store(block + 4 * index, state[index]);
    memcpy(state, csha256_initial, sizeof csha256_initial);
    compress(state, block, 1);
}

static void fold(uint8_t *root, const uint8_t *branches, size_t count) {
    for (; count > 0; count--, branches += 32) {
        uint8_t block[64];
        memcpy(block, root, 32);
        memcpy(block + 32, branches, 32);
        uint32_t state[8];
        memcpy(state, csha256_initial, sizeof state);
        compress(state, block, 1);
        run(state, csha256_padding);
        hash_again(state, compress);
        for (int index = 0; index < 8; index++) store(root + 4 * index, state[index]);
    }
}

static const struct csha256_engine portable = {compress, fold};

// MARK: The choice

/// Asks the processor once; two threads that ask at the same time get the same answer.
static const struct csha256_engine *fastest(void) {
    static _Atomic(const struct csha256_engine *) known;
    const struct csha256_engine *engine = atomic_load_explicit(&known, memory_order_relaxed);
    if (engine == NULL) {
        engine = csha256_hardware();
        if (engine == NULL) engine = &portable;
        atomic_store_explicit(&known, engine, memory_order_relaxed);
    }
    return engine;
}

static const struct csha256_engine *choose(bool is_portable) { return is_portable ? &portable : fastest(); }

// MARK: Messages of any length

struct csha256 csha256_start(bool is_portable) {
    struct csha256 hash = {.is_portable = is_portable};
    memcpy(hash.state, csha256_initial, sizeof hash.state);
    return hash;
}

void csha256_update(struct csha256 *hash, const void *bytes, size_t count) {
    if (count == 0) return;
    const struct csha256_engine *engine = choose(hash->is_portable);
    const uint8_t *next = bytes;
    size_t held = hash->count % 64;
    hash->count += count;
    if (held > 0) {
        size_t taken = count < 64 - held ? count : 64 - held;
        memcpy(hash->held + held, next, taken);
        if (held + taken < 64) return;
        engine->compress(hash->state, hash->held, 1);
        next += taken;
        count -= taken;
    }
    engine->compress(hash->state, next, count / 64);
    memcpy(hash->held, next + count / 64 * 64, count % 64);
}

void csha256_finish_twice(const struct csha256 *hash, void *digest) {
    const struct csha256_engine *engine = choose(hash->is_portable);
    size_t held = hash->count % 64;
    uint8_t blocks[128] = {0};
    memcpy(blocks, hash->held, held);
    blocks[held] = 0x80;
    // The length in bits takes the last eight bytes.
    size_t count = held < 56 ? 1 : 2;
    uint64_t bits = hash->count * 8;
    store(blocks + count * 64 - 8, (uint32_t)(bits >> 32));
    store(blocks + count * 64 - 4, (uint32_t)bits);
    uint32_t state[8];
    memcpy(state, hash->state, sizeof state);
    engine->compress(state, blocks, count);
    hash_again(state, engine->compress);
    for (int index = 0; index < 8; index++) store((uint8_t *)digest + 4 * index, state[index]);
}

void csha256_fold(void *root, const void *branches, size_t count, bool is_portable) {
    choose(is_portable)->fold(root, branches, count);
}
