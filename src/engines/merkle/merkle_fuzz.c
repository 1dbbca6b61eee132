/* engines/merkle/merkle_fuzz.c: verifiers that are given anything answer as the definition does, and what they accept
 * they refuse when one bit is another.
 *
 * The input: byte 0 the digest and whether numbers are small, 1 the bit to change, 2 its place, then two numbers of 8
 * bytes and hashes of 32. Where hashes are missing the last ones are zero. */
#include "engines/merkle/merkle.h"

#include "engines/merkle/testing/definition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 3, NUMBERS = 16, SMALL = 64 };

typedef struct Case {
    MerkleDigest digest;
    uint64_t     from, size;
    Hash         start; /* the leaf, or the first root where the proof does not name all of that tree */
    MerkleProof  proof;
} Case;

static Case case_read(const uint8_t *data, size_t size)
{
    Case one = { .digest = data[0] & 1 ? MERKLE_SM3 : MERKLE_SHA256 };
    memcpy(&one.from, data + HEAD, sizeof one.from);
    memcpy(&one.size, data + HEAD + sizeof one.from, sizeof one.size);
    if (data[0] & 2) {
        one.size %= SMALL;
        one.from %= SMALL;
    }
    data += HEAD + NUMBERS;
    size -= HEAD + NUMBERS;
    if (size >= HASH_SIZE) {
        memcpy(&one.start, data, HASH_SIZE);
        data += HASH_SIZE;
        size -= HASH_SIZE;
    }
    one.proof.count = (size + HASH_SIZE - 1) / HASH_SIZE; /* more than there is room for is a case too */
    size_t room = sizeof one.proof.path;
    memcpy(one.proof.path, data, size < room ? size : room);
    return one;
}

static void check_inclusion(const Case *one, size_t place, uint8_t mask)
{
    Hash root = { { 0 } };
    Case other = *one;
    bool leads = definition_leads(one->digest, &one->start, one->from, one->size, &one->proof, &root);
    assert(merkle_verify_inclusion(one->digest, &one->start, one->from, one->size, &one->proof, &root) == leads);
    if (!leads)
        return;
    if (place < one->proof.count)
        other.proof.path[place].bytes[mask % HASH_SIZE] ^= mask;
    else
        other.start.bytes[mask % HASH_SIZE] ^= mask;
    assert(!merkle_verify_inclusion(one->digest, &other.start, one->from, one->size, &other.proof, &root));
    root.bytes[mask % HASH_SIZE] ^= mask;
    assert(!merkle_verify_inclusion(one->digest, &one->start, one->from, one->size, &one->proof, &root));
}

static void check_consistency(const Case *one, size_t place, uint8_t mask)
{
    Hash first_root = one->start, root = { { 0 } };
    Case other = *one;
    bool joins = definition_joins(one->digest, &one->start, one->from, one->size, &one->proof, &first_root, &root);
    bool accepted = merkle_verify_consistency(one->digest, one->from, &first_root, one->size, &root, &one->proof);
    assert(accepted == joins);
    if (!joins)
        return;
    if (place < one->proof.count) {
        other.proof.path[place].bytes[mask % HASH_SIZE] ^= mask;
        assert(!merkle_verify_consistency(one->digest, one->from, &first_root, one->size, &root, &other.proof));
    }
    other.start = first_root;
    other.start.bytes[mask % HASH_SIZE] ^= mask;
    assert(!merkle_verify_consistency(one->digest, one->from, &other.start, one->size, &root, &one->proof));
    root.bytes[mask % HASH_SIZE] ^= mask;
    assert(!merkle_verify_consistency(one->digest, one->from, &first_root, one->size, &root, &one->proof));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD + NUMBERS)
        return 0;
    Case    one = case_read(data, size);
    uint8_t mask = data[1] ? data[1] : 1;
    check_inclusion(&one, data[2], mask);
    check_consistency(&one, data[2], mask);
    return 0;
}
