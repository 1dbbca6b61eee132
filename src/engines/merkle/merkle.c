/* engines/merkle/merkle.c: see merkle.h. Hashes, the right edge, the verifiers; proofs are made in prove.c. */
#include "engines/merkle/merkle.h"

/* ---- hashes ---- */

typedef Hash HashParts(const Str *parts, size_t count);

static HashParts *const hash_parts[MERKLE_DIGEST_COUNT] = {
    [MERKLE_SHA256] = sha256_parts,
    [MERKLE_SM3] = sm3_parts,
};

Hash merkle_leaf(MerkleDigest digest, Str entry)
{
    const Str parts[] = { STR_INIT("\x00"), entry };
    return hash_parts[digest](parts, 2);
}

Hash merkle_node(MerkleDigest digest, const Hash *left, const Hash *right)
{
    char bytes[1 + 2 * HASH_SIZE] = { 0x01 }; /* one piece: three take libcrypto a seventh longer */
    memcpy(bytes + 1, left, HASH_SIZE);
    memcpy(bytes + 1 + HASH_SIZE, right, HASH_SIZE);
    return hash_parts[digest](&(Str){ bytes, sizeof bytes }, 1);
}

static bool hash_eq(const Hash *a, const Hash *b) { return memcmp(a, b, sizeof *a) == 0; }

/* ---- the right edge ---- */

static size_t peak_count(uint64_t size) { return (size_t)__builtin_popcountll(size); }

MerkleEdge merkle_edge_empty(MerkleDigest digest) { return (MerkleEdge){ .digest = digest }; }

size_t merkle_edge_add(MerkleEdge *edge, const Hash *leaf, Hash *done)
{
    if (edge->size >= MERKLE_SIZE_MAX)
        return 0;
    Hash   node = *leaf;
    size_t peaks = peak_count(edge->size), levels = 0;
    /* As a carry in adding one to size: each bit set at its end is a peak that finds its right half. */
    for (uint64_t rest = edge->size;; rest >>= 1) {
        if (done)
            done[levels] = node;
        levels++;
        if (!(rest & 1))
            break;
        node = merkle_node(edge->digest, &edge->peaks[--peaks], &node);
    }
    edge->peaks[peaks] = node;
    edge->size++;
    return levels;
}

Hash merkle_edge_root(const MerkleEdge *edge)
{
    size_t left = peak_count(edge->size);
    if (left == 0)
        return hash_parts[edge->digest](NULL, 0);
    Hash root = edge->peaks[--left];
    while (left > 0)
        root = merkle_node(edge->digest, &edge->peaks[--left], &root);
    return root;
}

Str merkle_edge_borrow_bytes(const MerkleEdge *edge)
{
    return (Str){ (const char *)edge->peaks, peak_count(edge->size) * HASH_SIZE };
}

bool merkle_edge_from(MerkleDigest digest, uint64_t size, Str bytes, MerkleEdge *out)
{
    if (size > MERKLE_SIZE_MAX || bytes.len != peak_count(size) * HASH_SIZE)
        return false;
    *out = (MerkleEdge){ .digest = digest, .size = size };
    if (bytes.len)
        memcpy(out->peaks, bytes.ptr, bytes.len);
    return true;
}

/* ---- verifiers ---- */

/* Follows the path from the node `at` of a level, the last node of which is `last`, up to the root: whole becomes the
 * root of the tree, and begun (NULL: not wanted) the root of the tree that ended with this node. False when the path is
 * not as long as the way. The names of RFC 9162: fn, sn, sr, fr. */
static bool climb(MerkleDigest digest, uint64_t at, uint64_t last, const Hash *path, size_t count, Hash *whole,
                  Hash *begun)
{
    for (size_t i = 0; i < count; i++) {
        if (last == 0)
            return false;
        if (at & 1 || at == last) { /* a right child, or one that stands for its parents until it is one */
            if (begun)
                *begun = merkle_node(digest, &path[i], begun);
            *whole = merkle_node(digest, &path[i], whole);
            int alone = __builtin_ctzll(at); /* at is not 0: it is odd, or last */
            at >>= alone;
            last >>= alone;
        } else {
            *whole = merkle_node(digest, whole, &path[i]);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0;
}

bool merkle_verify_inclusion(MerkleDigest digest, const Hash *leaf, uint64_t index, uint64_t size,
                             const MerkleProof *proof, const Hash *root)
{
    if (size > MERKLE_SIZE_MAX || index >= size || proof->count > MERKLE_PROOF_MAX)
        return false;
    Hash whole = *leaf;
    return climb(digest, index, size - 1, proof->path, proof->count, &whole, NULL) && hash_eq(&whole, root);
}

bool merkle_verify_consistency(MerkleDigest digest, uint64_t first, const Hash *first_root, uint64_t second,
                               const Hash *second_root, const MerkleProof *proof)
{
    if (first == 0 || first > second || second > MERKLE_SIZE_MAX || proof->count > MERKLE_PROOF_MAX)
        return false;
    if (first == second)
        return proof->count == 0 && hash_eq(first_root, second_root);
    /* The way begins at the last whole node of the first tree. Where that is all of the tree its hash is known, and the
     * proof does not name it. */
    int         level = __builtin_ctzll(first);
    bool        known = (first & (first - 1)) == 0;
    const Hash *path = proof->path;
    size_t      count = proof->count;
    if (!known && count == 0)
        return false;
    Hash begun = known ? *first_root : path[0], whole = begun;
    if (!known)
        path++, count--;
    return climb(digest, (first - 1) >> level, (second - 1) >> level, path, count, &whole, &begun) &&
           hash_eq(&begun, first_root) && hash_eq(&whole, second_root);
}
