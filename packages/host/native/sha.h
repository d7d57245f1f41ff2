/* SHA-256 and SHA-512 (FIPS 180-4) with a state that JavaScript keeps in a Buffer: nothing to free, and a copy is a fork. */
#ifndef ROCKET_SHA_H
#define ROCKET_SHA_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  union {
    uint32_t h32[8];
    uint64_t h64[8];
  } state;
  uint64_t total;
  /* 4 for SHA-256, 8 for SHA-512: the size of a word */
  uint32_t word;
  uint32_t buffered;
  uint8_t buffer[128];
} Sha;

void sha_begin(Sha *sha, int bits);
void sha_update(Sha *sha, const uint8_t *data, size_t length);
/* Writes 32 or 64 bytes. */
void sha_end(Sha *sha, uint8_t *digest);

/* Whole blocks: 64 bytes each for SHA-256, 128 for SHA-512. */
void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t count);
void sha512_blocks(uint64_t state[8], const uint8_t *data, size_t count);

#endif
