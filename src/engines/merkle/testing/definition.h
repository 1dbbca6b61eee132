/* engines/merkle/testing/definition.h: the tree, its proofs and what they say, as RFC 6962, 2.1 defines them:
 * recursively, over all the leaves. What the tests and the fuzzing hold the engine against. */
#ifndef FM_ENGINES_MERKLE_TESTING_DEFINITION_H
#define FM_ENGINES_MERKLE_TESTING_DEFINITION_H

#include "engines/merkle/merkle.h"

typedef struct Definition {
    MerkleDigest digest;
    size_t       count;
    const Hash  *leaves; /* their hashes */
    Hash        *roots;  /* MTH(D[from:to]), once worked out, at from * (count + 1) + to */
    bool        *known;
} Definition;

Definition definition_new(Arena *arena, MerkleDigest digest, const Hash *leaves, size_t count);
/* MTH(D[from:to]) */
Hash definition_root(Definition *tree, size_t from, size_t to);
/* PATH(index, D[size]) and PROOF(first, D[second]) */
MerkleProof definition_path(Definition *tree, size_t index, size_t size);
MerkleProof definition_proof(Definition *tree, size_t first, size_t second);
/* The nodes of the tree; a node that it does not have fails the process. */
MerkleNodes definition_nodes(Definition *tree);

/* The roots to which a proof leads, any of whose arguments may be anything; false when it is not one for these numbers.
 * */
bool definition_leads(MerkleDigest digest, const Hash *leaf, uint64_t index, uint64_t size, const MerkleProof *proof,
                      Hash *root);
bool definition_joins(MerkleDigest digest, const Hash *first_root, uint64_t first, uint64_t second,
                      const MerkleProof *proof, Hash *first_out, Hash *second_out);

#endif
