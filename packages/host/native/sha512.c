#include "sha.h"
#include <string.h>

static const uint64_t k[80] = {
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static inline uint64_t rotate(uint64_t value, int bits) {
  return value >> bits | value << (64 - bits);
}

static inline uint64_t load(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  value = __builtin_bswap64(value);
#endif
  return value;
}

/* Unrolled by 16 so that the schedule and the turning of the eight variables become registers and constant offsets. */
static inline __attribute__((always_inline)) void compress(uint64_t state[8], const uint8_t *data, size_t count) {
  uint64_t w[16], s[8];
  for (; count > 0; count--, data += 128) {
    for (int i = 0; i < 8; i++) s[i] = state[i];
    for (int i = 0; i < 16; i++) w[i] = load(data + 8 * i);
    uint64_t before = s[1] ^ s[2];
    for (int base = 0; base < 80; base += 16) {
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) {
        if (base > 0) {
          uint64_t early = w[(i + 1) & 15], late = w[(i + 14) & 15];
          w[i] += (rotate(early, 1) ^ rotate(early, 8) ^ early >> 7) + w[(i + 9) & 15] + (rotate(late, 19) ^ rotate(late, 61) ^ late >> 6);
        }
        uint64_t a = s[0], e = s[4];
        uint64_t t1 = s[7] + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41)) + (s[6] ^ (e & (s[5] ^ s[6]))) + k[base + i] + w[i];
        /* The majority of a, b, c is b ^ ((a ^ b) & (b ^ c)), and b ^ c is the a ^ b of the round before. */
        uint64_t now = a ^ s[1];
        uint64_t t2 = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39)) + (s[1] ^ (now & before));
        before = now;
        s[7] = s[6], s[6] = s[5], s[5] = e, s[4] = s[3] + t1;
        s[3] = s[2], s[2] = s[1], s[1] = a, s[0] = t1 + t2;
      }
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
  }
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdbool.h>

/* The same, with rotations that do not need a copy first. */
__attribute__((target("bmi,bmi2"))) static void blocks_bmi2(uint64_t state[8], const uint8_t *data, size_t count) {
  compress(state, data, count);
}

static bool has_bmi2(void) {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1U << 3)) != 0 && (b & (1U << 8)) != 0;
}

void sha512_blocks(uint64_t state[8], const uint8_t *data, size_t count) {
  static _Atomic int known = -1;
  if (known < 0) known = has_bmi2();
  if (known == 1) blocks_bmi2(state, data, count);
  else compress(state, data, count);
}

#else

void sha512_blocks(uint64_t state[8], const uint8_t *data, size_t count) {
  compress(state, data, count);
}

#endif
