#pragma once

#include <stddef.h>
#include <stdint.h>

/// One way to compute.
struct csha256_engine {
    /// Takes `count` blocks of 64 bytes into the state.
    void (*compress)(uint32_t state[8], const uint8_t *blocks, size_t count);
    /// As `csha256_fold`.
    void (*fold)(uint8_t *root, const uint8_t *branches, size_t count);
};

/// What the processor has instructions for; null if it has none.
const struct csha256_engine *csha256_hardware(void);

extern const uint32_t csha256_initial[8];
/// The constants of the rounds.
extern const uint32_t csha256_constants[64];
/// The whole message schedule of the block that pads a message of 64 bytes, the constants of the rounds added.
extern const uint32_t csha256_padding[64];
