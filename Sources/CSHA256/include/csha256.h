#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// SHA-256 (FIPS 180-4) as values of fixed size, for what a pool's share is hashed with. Nothing is allocated, and no
// length is too long. Not for secrets: nothing is wiped.
//
// `is_portable` keeps to plain C where the processor has better, so that tests can compare the two.

/// A SHA-256 under way. A copy goes on by itself from where it was made.
struct csha256 {
    uint32_t state[8];
    /// The `count` % 64 bytes that do not fill a block yet.
    uint8_t held[64];
    /// Bytes so far.
    uint64_t count;
    bool is_portable;
};

/// SHA-256 of nothing yet.
struct csha256 csha256_start(bool is_portable);

/// Hashes the next piece; `bytes` may be null if `count` is 0.
void csha256_update(struct csha256 *hash, const void *bytes, size_t count);

/// Writes 32 bytes to `digest`: the SHA-256 of the SHA-256 of all pieces. `hash` is as it was.
void csha256_finish_twice(const struct csha256 *hash, void *digest);

/// Replaces the 32 bytes at `root` by SHA-256d of them and the next 32 bytes of `branches`, `count` times. `branches`
/// may be null if `count` is 0.
void csha256_fold(void *root, const void *branches, size_t count, bool is_portable);
