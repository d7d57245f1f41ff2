#include "sha.h"
#include <string.h>

static const uint32_t initial_256[8] = {
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
static const uint64_t initial_512[8] = {
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

void sha_begin(Sha *sha, int bits) {
  memset(sha, 0, sizeof *sha);
  sha->word = bits == 256 ? 4 : 8;
  if (bits == 256) memcpy(sha->state.h32, initial_256, sizeof initial_256);
  else memcpy(sha->state.h64, initial_512, sizeof initial_512);
}

static void blocks(Sha *sha, const uint8_t *data, size_t count) {
  if (sha->word == 4) sha256_blocks(sha->state.h32, data, count);
  else sha512_blocks(sha->state.h64, data, count);
}

void sha_update(Sha *sha, const uint8_t *data, size_t length) {
  size_t block = sha->word * 16;
  sha->total += length;
  if (sha->buffered > 0) {
    size_t take = block - sha->buffered < length ? block - sha->buffered : length;
    memcpy(sha->buffer + sha->buffered, data, take);
    sha->buffered += (uint32_t)take;
    data += take;
    length -= take;
    if (sha->buffered < block) return;
    blocks(sha, sha->buffer, 1);
    sha->buffered = 0;
  }
  blocks(sha, data, length / block);
  sha->buffered = (uint32_t)(length % block);
  if (sha->buffered > 0) memcpy(sha->buffer, data + length - sha->buffered, sha->buffered);
}

void sha_end(Sha *sha, uint8_t *digest) {
  size_t block = sha->word * 16, length_field = sha->word * 2;
  uint64_t total = sha->total;
  uint8_t padding[256] = {0x80};
  size_t after = sha->buffered + 1 + length_field;
  size_t size = (after <= block ? block : 2 * block) - sha->buffered;
  /* The length in bits; 2^61 bytes and more do not happen. */
  for (size_t i = 0; i < 8; i++) padding[size - 1 - i] = (uint8_t)((total << 3) >> (8 * i));
  if (sha->word == 8) padding[size - 9] = (uint8_t)(total >> 61);
  sha_update(sha, padding, size);
  for (size_t i = 0; i < 8; i++) {
    for (size_t byte = 0; byte < sha->word; byte++) {
      uint64_t word = sha->word == 4 ? sha->state.h32[i] : sha->state.h64[i];
      digest[i * sha->word + byte] = (uint8_t)(word >> (8 * (sha->word - 1 - byte)));
    }
  }
}
