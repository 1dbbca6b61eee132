/* engines/merkle/merkle.h: the hash tree of an append-only log: its root, and short proofs that a leaf is in it and
 * that a later tree begins with all of an earlier one.
 *
 * Source   RFC 6962, 2.1 (tree hash, audit path, consistency proof); the verifiers are those of RFC 9162, 2.1.3.2 and
 *          2.1.4.2. Hashed is 0x00 before an entry and 0x01 before two nodes, so that no node passes for an entry.
 * Digest   SHA-256 as in the RFCs; or SM3 in its place, for a twin tree over the same entries.
 * Shape    leaves count from 0. A node (level, index) is the root of the 2^level leaves from index * 2^level on; level
 *          0 is the leaf hashes. A proof lists nodes from the leaf towards the root.
 * Bounds   0 .. MERKLE_SIZE_MAX leaves; every loop ends after at most 64 steps, whatever it is given.
 * Pure     no I/O and no allocation: the caller lends all memory and, for proofs, reads the nodes. */
#ifndef FM_ENGINES_MERKLE_H
#define FM_ENGINES_MERKLE_H

#include "base/err.h"
#include "base/hash.h"

#define MERKLE_SIZE_MAX  ((uint64_t)INT64_MAX)
#define MERKLE_LEVELS    63 /* a node that is whole has a level below this */
#define MERKLE_PROOF_MAX 64

typedef enum MerkleDigest { MERKLE_SHA256, MERKLE_SM3, MERKLE_DIGEST_COUNT } MerkleDigest;

Hash merkle_leaf(MerkleDigest digest, Str entry);
Hash merkle_node(MerkleDigest digest, const Hash *left, const Hash *right);

/* ---- a tree that grows: its right edge is all that is kept, at most 63 hashes ---- */

typedef struct MerkleEdge {
    MerkleDigest digest;
    uint64_t     size;                 /* leaves */
    Hash         peaks[MERKLE_LEVELS]; /* one node for each bit that is set in size, the highest (and leftmost) first */
} MerkleEdge;

MerkleEdge merkle_edge_empty(MerkleDigest digest);
/* Adds a leaf and gives the number of nodes that this makes whole, 1 or more; 0, and nothing is added, at the largest
 * size. done (room for MERKLE_LEVELS, or NULL) is filled with them: done[level] is the node (level, size - 1 >> level),
 * done[0] the leaf. Every eighth of them is the next hash of a tile (tile.h). */
size_t merkle_edge_add(MerkleEdge *edge, const Hash *leaf, Hash *done);
/* Of the tree as it stands; of no leaves it is the digest of no bytes. */
Hash merkle_edge_root(const MerkleEdge *edge);
/* The peaks as plain bytes, to be kept beside digest and size; valid until the edge changes or ends. And the edge of
 * them: false, and out untouched, unless there are as many as the size asks for. */
Str  merkle_edge_borrow_bytes(const MerkleEdge *edge);
bool merkle_edge_from(MerkleDigest digest, uint64_t size, Str bytes, MerkleEdge *out);

/* ---- proofs, from nodes that somebody keeps ---- */

typedef struct MerkleNodes {
    MerkleDigest digest;
    /* One whole node. Asked for are nodes of the tree alone that the proof is for, at most 126 in a call. */
    Err (*read)(void *context, int level, uint64_t index, Hash *out);
    void *context;
} MerkleNodes;

typedef struct MerkleProof {
    size_t count;
    Hash   path[MERKLE_PROOF_MAX];
} MerkleProof;

/* These give what read fails with, or ECODE_LOG_RANGE for numbers out of order; out is then untouched. What read gives
 * is taken as it is: verify a proof before it goes out, and damage of the store shows there. */

/* That leaf index is in the tree of the first size leaves: index < size. */
Err merkle_prove_inclusion(const MerkleNodes *nodes, uint64_t index, uint64_t size, MerkleProof *out) MUST_CHECK;
/* That the tree of size second begins with the tree of size first: 0 < first <= second. Empty where they are equal. */
Err merkle_prove_consistency(const MerkleNodes *nodes, uint64_t first, uint64_t second, MerkleProof *out) MUST_CHECK;
/* The edge as it was at that size, and with it the root. */
Err merkle_edge_read(const MerkleNodes *nodes, uint64_t size, MerkleEdge *out) MUST_CHECK;

/* ---- verifiers, for what comes from anywhere: any value of any argument is answered ---- */

/* leaf is merkle_leaf() of the entry in hand. The size is as good as its source, which is the signed checkpoint: a
 * proof for leaf 0 of 3 is one for leaf 0 of 4 as well, if that tree had the same root. */
bool merkle_verify_inclusion(MerkleDigest digest, const Hash *leaf, uint64_t index, uint64_t size,
                             const MerkleProof *proof, const Hash *root);
/* Refuses first = 0 too: the empty tree is the beginning of every tree, and a proof would say nothing. */
bool merkle_verify_consistency(MerkleDigest digest, uint64_t first, const Hash *first_root, uint64_t second,
                               const Hash *second_root, const MerkleProof *proof);

#endif
