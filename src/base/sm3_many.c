#include "base/sm3_many.h"

enum { LANES = 8, BLOCK = 64, WORDS = 16, ROUNDS = 64, STATE = 8, TAIL = 2 * BLOCK };

typedef uint32_t Vector __attribute__((vector_size(4 * LANES)));

/* Macros where functions would be clearer: how a vector is handed to one depends on the machine. */
#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))
#define P0(x)        ((x) ^ ROTATE((x), 9) ^ ROTATE((x), 17))
#define P1(x)        ((x) ^ ROTATE((x), 15) ^ ROTATE((x), 23))

static const uint32_t start[STATE] = { 0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                                       0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e };

/* The constants of the rounds, each rotated by the number of its round. */
static const uint32_t constants[ROUNDS] = {
#define EARLY(n) (uint32_t)(0x79cc4519ULL << (n) | 0x79cc4519ULL >> (32 - (n)))
#define LATE(n)  (uint32_t)(0x7a879d8aULL << ((n) % 32) | 0x7a879d8aULL >> (32 - (n) % 32))
    0x79cc4519, EARLY(1),  EARLY(2),  EARLY(3),  EARLY(4),  EARLY(5), EARLY(6), EARLY(7), EARLY(8), EARLY(9), EARLY(10),
    EARLY(11),  EARLY(12), EARLY(13), EARLY(14), EARLY(15), LATE(16), LATE(17), LATE(18), LATE(19), LATE(20), LATE(21),
    LATE(22),   LATE(23),  LATE(24),  LATE(25),  LATE(26),  LATE(27), LATE(28), LATE(29), LATE(30), LATE(31), LATE(32),
    LATE(33),   LATE(34),  LATE(35),  LATE(36),  LATE(37),  LATE(38), LATE(39), LATE(40), LATE(41), LATE(42), LATE(43),
    LATE(44),   LATE(45),  LATE(46),  LATE(47),  LATE(48),  LATE(49), LATE(50), LATE(51), LATE(52), LATE(53), LATE(54),
    LATE(55),   LATE(56),  LATE(57),  LATE(58),  LATE(59),  LATE(60), LATE(61), LATE(62), LATE(63),
};

/* One block of each lane into the states. Inlined into a function for each kind of machine. */
static inline __attribute__((always_inline)) void compress(Vector state[STATE], const uint8_t *const blocks[LANES])
{
    Vector w[ROUNDS + 4];
    for (int i = 0; i < WORDS; i++)
        for (int lane = 0; lane < LANES; lane++) {
            uint32_t word;
            memcpy(&word, blocks[lane] + 4 * i, 4);
            w[i][lane] = __builtin_bswap32(word);
        }
    for (int i = WORDS; i < ROUNDS + 4; i++) {
        Vector x = w[i - 16] ^ w[i - 9] ^ ROTATE(w[i - 3], 15);
        w[i] = P1(x) ^ ROTATE(w[i - 13], 7) ^ w[i - 6];
    }
    Vector a = state[0], b = state[1], c = state[2], d = state[3];
    Vector e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < ROUNDS; i++) {
        Vector turned = ROTATE(a, 12), sum = turned + e + constants[i], s1 = ROTATE(sum, 7);
        Vector ff = i < 16 ? a ^ b ^ c : (a & b) | (c & (a | b));
        Vector gg = i < 16 ? e ^ f ^ g : g ^ (e & (f ^ g));
        Vector t1 = ff + d + (s1 ^ turned) + (w[i] ^ w[i + 4]), t2 = gg + h + s1 + w[i];
        d = c, c = ROTATE(b, 9), b = a, a = t1;
        h = g, g = ROTATE(f, 19), f = e, e = P0(t2);
    }
    state[0] ^= a, state[1] ^= b, state[2] ^= c, state[3] ^= d;
    state[4] ^= e, state[5] ^= f, state[6] ^= g, state[7] ^= h;
}

typedef void Compress(Vector state[STATE], const uint8_t *const blocks[LANES]);

static void compress_plain(Vector state[STATE], const uint8_t *const blocks[LANES]) { compress(state, blocks); }

#if defined(__x86_64__)
static __attribute__((target("avx2"))) void compress_avx2(Vector state[STATE], const uint8_t *const blocks[LANES])
{
    compress(state, blocks);
}

static __attribute__((target("avx512f,avx512vl"))) void compress_avx512(Vector               state[STATE],
                                                                        const uint8_t *const blocks[LANES])
{
    compress(state, blocks);
}

static Compress *for_machine(Sm3Machine machine) /* NULL where this is none */
{
    switch (machine) {
    case SM3_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? compress_avx512 : NULL;
    case SM3_AVX2: return __builtin_cpu_supports("avx2") ? compress_avx2 : NULL;
    default: return compress_plain;
    }
}
#else
static Compress *for_machine(Sm3Machine machine) { return machine == SM3_PLAIN ? compress_plain : NULL; }
#endif

static Compress *widest(void)
{
    Compress *found = NULL;
    for (Sm3Machine machine = SM3_MACHINES; !found && machine > SM3_PLAIN; machine--)
        found = for_machine((Sm3Machine)(machine - 1));
    return found;
}

typedef struct Lane {
    const uint8_t *text;
    size_t         whole, blocks; /* blocks that the text fills; with its end */
    uint8_t        tail[TAIL];    /* what it does not fill, and the padding */
} Lane;

static void lane_set(Lane *lane, Str text)
{
    size_t   rest = text.len % BLOCK, end = rest < BLOCK - 8 ? BLOCK : TAIL;
    uint64_t bits = __builtin_bswap64((uint64_t)text.len * 8);
    lane->text = (const uint8_t *)text.ptr;
    lane->whole = text.len / BLOCK;
    lane->blocks = lane->whole + end / BLOCK;
    memset(lane->tail, 0, sizeof lane->tail);
    if (rest)
        memcpy(lane->tail, text.ptr + text.len - rest, rest);
    lane->tail[rest] = 0x80;
    memcpy(lane->tail + end - 8, &bits, 8);
}

static const uint8_t *lane_block(const Lane *lane, size_t number)
{
    if (number < lane->whole)
        return lane->text + number * BLOCK;
    return number < lane->blocks ? lane->tail + (number - lane->whole) * BLOCK : lane->tail; /* done: anything */
}

static Hash lane_hash(Vector state[STATE], int lane)
{
    Hash hash;
    for (int i = 0; i < STATE; i++) {
        uint32_t word = __builtin_bswap32(state[i][lane]);
        memcpy(hash.bytes + 4 * i, &word, 4);
    }
    return hash;
}

static void hash_side_by_side(Compress *with, const Str *texts, size_t count, Hash *out)
{
    Lane   lanes[LANES];
    Vector state[STATE];
    size_t most = 0;
    for (size_t l = 0; l < LANES; l++) {
        lane_set(&lanes[l], l < count ? texts[l] : STR_NONE);
        most = lanes[l].blocks > most ? lanes[l].blocks : most;
    }
    for (int i = 0; i < STATE; i++)
        for (int l = 0; l < LANES; l++)
            state[i][l] = start[i];
    for (size_t block = 0; block < most; block++) {
        const uint8_t *blocks[LANES];
        for (size_t l = 0; l < LANES; l++)
            blocks[l] = lane_block(&lanes[l], block);
        with(state, blocks);
        for (size_t l = 0; l < count; l++)
            if (block + 1 == lanes[l].blocks)
                out[l] = lane_hash(state, (int)l);
    }
}

bool sm3_many_on(Sm3Machine machine, const Str *texts, size_t count, Hash *out)
{
    Compress *with = for_machine(machine);
    for (size_t at = 0; with && at < count; at += LANES)
        hash_side_by_side(with, texts + at, count - at < LANES ? count - at : LANES, out + at);
    return with;
}

void sm3_many(const Str *texts, size_t count, Hash *out)
{
    Compress *with = widest();
    for (size_t at = 0; at < count; at += LANES) {
        size_t some = count - at < LANES ? count - at : LANES;
        if (some < LANES / 4) { /* fewer are quicker one by one */
            for (size_t i = at; i < count; i++)
                out[i] = sm3(texts[i]);
            continue;
        }
        hash_side_by_side(with, texts + at, some, out + at);
    }
}
