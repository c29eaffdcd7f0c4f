// The parts of libsodium that are used: BLAKE2b with a personalization.
#include <sodium/core.h>
#include <sodium/crypto_generichash_blake2b.h>
